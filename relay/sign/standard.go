package sign

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header names of Standard Webhooks, as its specification spells them.
const (
	standardID        = "webhook-id"
	standardTimestamp = "webhook-timestamp"
	standardSignature = "webhook-signature"
)

// Tolerance is how far the timestamp of a standard signature may lie from the
// receiver's clock, in both directions: what the official libraries allow.
const Tolerance = 5 * time.Minute

// hmacVersion stands before a signature that is an HMAC.
const hmacVersion = "v1,"

// standard is Standard Webhooks 1.0: base64 HMAC-SHA256 of id.timestamp.body,
// one for each key.
type standard struct{}

func (standard) append(dst []Header, keys []Key, m Message) []Header {
	dst = append(dst, Header{Name: standardID, Value: m.ID, Repeats: true})
	if len(keys) == 0 {
		seconds := strconv.FormatInt(m.Timestamp.Unix(), 10)
		return append(dst, Header{Name: standardTimestamp, Value: seconds})
	}

	// Built in one buffer and made a string once: ID.SECONDS.v1,… v1,…
	first := keys[0].decoded.get()
	defer keys[0].decoded.put(first)
	text, from := standardHead(first.text[:0], m.ID, m.Timestamp.Unix())
	head := len(text)
	for i := range keys {
		s := first
		if i > 0 {
			text = append(text, ' ')
			s = keys[i].decoded.get()
		}
		s.compute(text[:head], m.Body)
		text = append(text, hmacVersion...)
		text = base64.StdEncoding.AppendEncode(text, s.sum[:])
		if i > 0 {
			keys[i].decoded.put(s)
		}
	}
	first.text = text
	values := string(text[from:])
	return append(dst,
		Header{Name: standardTimestamp, Value: values[:head-1-from]},
		Header{Name: standardSignature, Value: values[head-from:]})
}

// standardHead appends what is signed before the body, and says where the
// timestamp in it begins.
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
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%s %q is not a number of seconds", standardTimestamp, stamp)
	}
	switch late := now.Sub(time.Unix(seconds, 0)); {
	case late > Tolerance:
		return fmt.Errorf("%s is %s old, more than %s", standardTimestamp, late.Round(time.Second), Tolerance)
	case late < -Tolerance:
		return fmt.Errorf("%s is %s ahead, more than %s", standardTimestamp, late.Abs().Round(time.Second), Tolerance)
	}
	for _, key := range keys {
		if standardMatches(key.decoded, id, seconds, body, signatures) {
			return nil
		}
	}
	return errNoMatch(standardSignature)
}

// standardMatches looks through a list of signatures, of which those of other
// versions than ours are passed over.
func standardMatches(m *mac, id string, seconds int64, body []byte, signatures string) bool {
	s := m.get()
	defer m.put(s)
	s.text, _ = standardHead(s.text[:0], id, seconds)
	s.compute(s.text, body)
	s.text = append(s.text[:0], hmacVersion...)
	s.text = base64.StdEncoding.AppendEncode(s.text, s.sum[:])
	for one := range strings.SplitSeq(signatures, " ") {
		if hmac.Equal([]byte(one), s.text) {
			return true
		}
	}
	return false
}

// value is the value of a header that must be there.
func value(h http.Header, name string) (string, error) {
	if v := h.Get(name); v != "" {
		return v, nil
	}
	return "", errors.New("header " + name + " is missing")
}
