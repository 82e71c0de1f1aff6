package sign

import (
	"crypto/hmac"
	"net/http"
	"time"
)

// overBody is a scheme that signs only the body, with HMAC-SHA256 and the secret as it is
// written, and sends one signature. It signs neither id nor time, so a receiver cannot
// detect a replay.
type overBody struct {
	noTime
	header string // of the signature
	prefix string // of the signature in it
	encode func(dst, sum []byte) []byte

	// Headers for the event's type and the delivery's id; "" for none. They are not
	// signed, and are sent also without a secret.
	kind, id string
}

func (f overBody) append(dst []Header, keys []Key, m Message) []Header {
	if f.kind != "" {
		dst = append(dst, Header{Name: f.kind, Value: m.Type}, Header{Name: f.id, Value: m.ID})
	}
	if len(keys) == 0 {
		return dst
	}
	s := keys[0].written.get()
	defer keys[0].written.put(s)
	return append(dst, Header{Name: f.header, Value: string(f.signature(s, m.Body))})
}

func (f overBody) signature(s *state, body []byte) []byte {
	s.compute(nil, body)
	s.text = f.encode(append(s.text[:0], f.prefix...), s.sum[:])
	return s.text
}

// verify compares the text, as the official libraries do: upper-case hex does not match.
func (f overBody) verify(keys []Key, h http.Header, body []byte, _ time.Time) error {
	given, err := value(h, f.header)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if f.matches(key.written, body, given) {
			return nil
		}
	}
	return errNoMatch(f.header)
}

func (f overBody) matches(m *mac, body []byte, given string) bool {
	if m == nil {
		return false
	}
	s := m.get()
	defer m.put(s)
	return hmac.Equal(f.signature(s, body), []byte(given))
}
