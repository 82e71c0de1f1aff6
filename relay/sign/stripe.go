package sign

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const stripeSignature = "Stripe-Signature"

// stripe is Stripe's scheme: hex HMAC-SHA256 of time.body, with the secret as it is
// written, its whsec_ included. The header has the time, then a signature for each key.
type stripe struct{}

func (stripe) append(dst []Header, keys []Key, m Message) []Header {
	if len(keys) == 0 {
		return dst
	}
	var room [len("-9223372036854775808.")]byte
	head := stripeHead(room[:0], m.Timestamp.Unix())
	first := keys[0].written.get()
	defer keys[0].written.put(first)
	text := append(first.text[:0], "t="...)
	text = append(text, head[:len(head)-1]...)
	for _, key := range keys {
		text = append(text, ",v1="...)
		text = key.written.appendHex(text, head, m.Body)
	}
	first.text = text
	return append(dst, Header{Name: stripeSignature, Value: string(text)})
}

// stripeHead appends what is signed before the body.
func stripeHead(dst []byte, seconds int64) []byte {
	return append(strconv.AppendInt(dst, seconds, 10), '.')
}

func (m *mac) appendHex(dst, head, body []byte) []byte {
	s := m.get()
	defer m.put(s)
	s.compute(head, body)
	return hex.AppendEncode(dst, s.sum[:])
}

// verify takes a time of the future for what it says: so do Stripe's own
// libraries, whose tolerance is for what is old.
func (stripe) verify(keys []Key, h http.Header, body []byte, now time.Time) error {
	given, err := value(h, stripeSignature)
	if err != nil {
		return err
	}
	seconds, signatures, err := parseStripe(given)
	if err != nil {
		return err
	}
	if old := now.Sub(time.Unix(seconds, 0)); old > Tolerance {
		return fmt.Errorf("the time in %s is %s old, more than %s", stripeSignature, old.Round(time.Second), Tolerance)
	}
	head := stripeHead(nil, seconds)
	for _, key := range keys {
		if key.written == nil {
			continue
		}
		want := key.written.appendHex(nil, head, body)
		for _, one := range signatures {
			if hmac.Equal([]byte(one), want) {
				return nil
			}
		}
	}
	return errNoMatch(stripeSignature)
}

// parseStripe reads t=SECONDS,v1=HEX,v1=HEX. Of other versions it has no use.
func parseStripe(text string) (seconds int64, signatures []string, err error) {
	timed := false
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || strings.Contains(value, "="):
			return 0, nil, fmt.Errorf("%s is not a list of NAME=VALUE", stripeSignature)
		case key == "t":
			if seconds, err = strconv.ParseInt(value, 10, 64); err != nil {
				return 0, nil, fmt.Errorf("the time %q in %s is not a number of seconds", value, stripeSignature)
			}
			timed = true
		case key == "v1":
			signatures = append(signatures, value)
		}
	}
	if !timed {
		return 0, nil, errors.New(stripeSignature + " has no time")
	}
	return seconds, signatures, nil
}
