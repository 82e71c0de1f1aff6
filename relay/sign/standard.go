package sign

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Header names of Standard Webhooks, as its specification spells them.
const (
	standardID        = "webhook-id"
	standardTimestamp = "webhook-timestamp"
	standardSignature = "webhook-signature"
)

// Tolerance is how much a signed time may differ from the receiver's clock, as in the
// official libraries: in both directions for standard, in the past for stripe.
const Tolerance = 5 * time.Minute

// standard is Standard Webhooks 1.0: base64 HMAC-SHA256, or ed25519, of
// id.timestamp.body, one for each key.
type standard struct{}

func (standard) append(dst []Header, keys []Key, m Message) []Header {
	dst = append(dst, Header{Name: standardID, Value: m.ID, Repeats: true})
	if len(keys) == 0 {
		seconds := strconv.FormatInt(m.Timestamp.Unix(), 10)
		return append(dst, Header{Name: standardTimestamp, Value: seconds})
	}

	// One buffer becomes one string: ID.SECONDS.v1,… v1,…
	first := keys[0].standard.get()
	defer keys[0].standard.put(first)
	text, from := standardHead(first.text[:0], m.ID, m.Timestamp.Unix())
	head := len(text)
	for i, key := range keys {
		if i > 0 {
			text = append(text, ' ')
		}
		text = key.standard.appendSignature(text, text[:head], m.Body)
	}
	first.text = text
	values := string(text[from:])
	return append(dst,
		Header{Name: standardTimestamp, Value: values[:head-1-from]},
		Header{Name: standardSignature, Value: values[head-from:]})
}

// standardHead appends what is signed before the body, and returns where its timestamp
// begins.
func standardHead(dst []byte, id string, seconds int64) (head []byte, timestamp int) {
	dst = append(dst, id...)
	dst = append(dst, '.')
	timestamp = len(dst)
	dst = strconv.AppendInt(dst, seconds, 10)
	return append(dst, '.'), timestamp
}

func (standard) verify(keys []Key, h http.Header, body []byte, now time.Time) error {
	id, err := value(h, standardID)
	if err != nil {
		return err
	}
	stamp, err := value(h, standardTimestamp)
	if err != nil {
		return err
	}
	signatures, err := value(h, standardSignature)
	if err != nil {
		return err
	}
	signed, err := secondsOf(stamp, standardTimestamp)
	if err != nil {
		return err
	}
	switch late := now.Sub(signed); {
	case late > Tolerance:
		return fmt.Errorf("%s is %s old, more than %s", standardTimestamp, late.Round(time.Second), Tolerance)
	case late < -Tolerance:
		return fmt.Errorf("%s is %s ahead, more than %s", standardTimestamp, late.Abs().Round(time.Second), Tolerance)
	}
	head, _ := standardHead(nil, id, signed.Unix())
	for _, key := range keys {
		if key.standard.matches(head, body, signatures) {
			return nil
		}
	}
	return errNoMatch(standardSignature)
}

// secondsOf reads a Unix time in seconds, as the value of a header.
func secondsOf(stamp, header string) (time.Time, error) {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q is not a number of seconds", header, stamp)
	}
	return time.Unix(seconds, 0), nil
}

// value is the value of a header that must be there.
func value(h http.Header, name string) (string, error) {
	if v := h.Get(name); v != "" {
		return v, nil
	}
	return "", errors.New("header " + name + " is missing")
}
