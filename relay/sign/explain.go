package sign

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Part is a part of a signed request that can be other than what was signed.
type Part string

// The parts.
const (
	PartHeader Part = "header" // a header is missing or malformed
	PartTime   Part = "time"
	PartBody   Part = "body"
	PartSecret Part = "secret"
)

// Mismatch says which part of a request does not match its signature. It names the secret
// if nothing else was found: a changed body looks the same as another secret.
type Mismatch struct {
	Part Part
	Why  string
}

func (m *Mismatch) Error() string { return m.Why }

// Explain verifies a request like Verify. If it does not verify, Explain looks for the
// reason: it ignores the age of the signature, tries the forms in which frameworks write a
// body again, and the other ways to read the secret. The error is a *Mismatch, unless the
// scheme is unknown or there is no key.
func Explain(scheme Scheme, secrets []string, h http.Header, body []byte, now time.Time) error {
	f, err := formOf(scheme)
	if err != nil {
		return err
	}
	var keys []Key
	for _, secret := range secrets {
		key, err := ParseSecret(secret)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return errors.New("no secret to verify with")
	}
	failed := f.verify(keys, h, body, now)
	if failed == nil {
		return nil
	}
	signed, err := f.signedAt(h)
	if err == nil && scheme != None {
		_, err = value(h, scheme.SignatureHeader())
	}
	if err != nil {
		return &Mismatch{PartHeader, failed.Error()}
	}
	if signed.IsZero() {
		signed = now
	}
	if f.verify(keys, h, body, signed) == nil {
		return &Mismatch{PartTime, "the signature is right, but " + failed.Error()}
	}
	for _, v := range variants(body) {
		if f.verify(keys, h, v.body, signed) == nil {
			return &Mismatch{PartBody, "signed was " + v.what + ": verify the bytes of the request as they came, before anything parses them"}
		}
	}
	for _, secret := range secrets {
		if how, ok := misread(f, secret, h, body, signed); ok {
			return &Mismatch{PartSecret, how}
		}
	}
	return &Mismatch{PartSecret, failed.Error()}
}

// variant is a body as something between the sender and the receiver may have
// made another one of it.
type variant struct {
	what string
	body []byte
}

func variants(body []byte) []variant {
	list := []variant{
		{"the body with a final newline", append(bytes.Clone(body), '\n')},
		{"the body without its final newline", bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))},
		{"the body with LF for line ends", bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))},
		{"the body without a byte order mark", bytes.TrimPrefix(body, []byte("\ufeff"))},
	}
	var compact, indented bytes.Buffer
	if json.Compact(&compact, body) == nil {
		list = append(list, variant{"the JSON without white space", compact.Bytes()})
	}
	if json.Indent(&indented, body, "", "  ") == nil {
		list = append(list, variant{"the JSON indented by two spaces", indented.Bytes()})
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) == nil {
		var sorted bytes.Buffer
		encoder := json.NewEncoder(&sorted)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(value) == nil {
			list = append(list, variant{"the JSON with its keys sorted", bytes.TrimSuffix(sorted.Bytes(), []byte("\n"))})
		}
	}
	return list
}

// misread reports in which other way the secret verifies the request.
func misread(f form, secret string, h http.Header, body []byte, signed time.Time) (string, bool) {
	text := []byte(secret)
	for _, other := range []struct {
		secret []byte
		how    string
	}{
		{append(bytes.Clone(text), '\n'), "the sender signs with the secret and a newline after it"},
		{bytes.TrimSpace(text), "the secret has spaces or a newline around it, with which the sender does not sign"},
		{bytes.TrimPrefix(text, []byte(macPrefix)), "the sender signs with what follows " + macPrefix + ", as it is written"},
		{append([]byte(macPrefix), text...), "the sender signs with the secret behind " + macPrefix},
		{bytes.Trim(text, `"'`), "the secret has quotes around it, with which the sender does not sign"},
	} {
		if bytes.Equal(other.secret, text) || len(other.secret) == 0 {
			continue
		}
		written := newMAC(other.secret)
		keys := []Key{{standard: written, written: written}}
		if key, err := ParseSecret(string(other.secret)); err == nil {
			keys = append(keys, key)
		}
		if f.verify(keys, h, body, signed) == nil {
			return other.how, true
		}
	}
	return "", false
}

// noTime is signedAt of schemes that sign no time.
type noTime struct{}

func (noTime) signedAt(http.Header) (time.Time, error) { return time.Time{}, nil }

func (standard) signedAt(h http.Header) (time.Time, error) {
	stamp, err := value(h, standardTimestamp)
	if err != nil {
		return time.Time{}, err
	}
	return secondsOf(stamp, standardTimestamp)
}

func (stripe) signedAt(h http.Header) (time.Time, error) {
	given, err := value(h, stripeSignature)
	if err != nil {
		return time.Time{}, err
	}
	seconds, _, err := parseStripe(given)
	return time.Unix(seconds, 0), err
}

// SignatureHeader returns the name of the header that holds the signature, "" where
// the scheme has none.
func (s Scheme) SignatureHeader() string {
	switch f, _ := formOf(s); f := f.(type) {
	case standard:
		return standardSignature
	case stripe:
		return stripeSignature
	case overBody:
		return f.header
	}
	return ""
}
