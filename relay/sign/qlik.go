package sign

import (
	"crypto/hmac"
	"encoding/hex"
	"net/http"
	"time"
)

const qlikSignature = "Qlik-Signature"

// qlik is what Qlik Cloud does: lower-case hex HMAC-SHA256 of the body under
// the secret as it is written. Neither id nor time is signed, so a receiver
// cannot tell a replay by it, and there is room for one signature only.
type qlik struct{}

func (qlik) append(dst []Header, keys []Key, m Message) []Header {
	if len(keys) == 0 {
		return dst
	}
	s := keys[0].written.get()
	defer keys[0].written.put(s)
	s.compute(nil, m.Body)
	s.text = hex.AppendEncode(s.text[:0], s.sum[:])
	return append(dst, Header{Name: qlikSignature, Value: string(s.text)})
}

func (qlik) verify(keys []Key, h http.Header, body []byte, _ time.Time) error {
	signature, err := value(h, qlikSignature)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if qlikMatches(key.written, body, signature) {
			return nil
		}
	}
	return errNoMatch(qlikSignature)
}

// qlikMatches compares the text, as Qlik's own sample does: upper-case hex is
// another signature.
func qlikMatches(m *mac, body []byte, signature string) bool {
	s := m.get()
	defer m.put(s)
	s.compute(nil, body)
	s.text = hex.AppendEncode(s.text[:0], s.sum[:])
	return hmac.Equal(s.text, []byte(signature))
}
