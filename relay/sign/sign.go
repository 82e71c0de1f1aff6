// Package sign makes the signature headers of a delivery, and verifies them as a receiver
// does. It uses no clock and no network, and has no state but pools of HMACs.
//
// A scheme is one case of formOf and its implementation of form. It signs, and reads a
// secret, as the scheme's official libraries do; the tests compare with their published
// vectors and with the libraries.
//
// send signs each attempt with a Signer. The demo and tests call Verify.
package sign

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// Scheme is a way to sign, by its name in webhooks.yaml.
type Scheme string

// The schemes.
const (
	None     Scheme = "none"
	Standard Scheme = "standard" // Standard Webhooks 1.0
	Qlik     Scheme = "qlik"     // Qlik Cloud
	GitHub   Scheme = "github"
	Stripe   Scheme = "stripe"
	Shopify  Scheme = "shopify"
)

// Message is what one attempt sends.
type Message struct {
	ID        string    // of the delivery, from DeliveryID
	Type      string    // of the event, valid in a header
	Timestamp time.Time // of the attempt
	Body      []byte    // as sent, byte for byte
}

// Header is one header line that a scheme adds.
type Header struct {
	Name  string // in the scheme's own spelling
	Value string
	// Repeats is set for webhook-id, which only repeats the delivery's id. The history
	// records the other headers, which are those of the attempt.
	Repeats bool
}

// form implements a scheme. It is safe for concurrent use.
type form interface {
	// append appends the headers of m, signed with keys, to dst. There may be no key.
	append(dst []Header, keys []Key, m Message) []Header
	// verify returns why h and body have no valid signature by one of keys, of which
	// there is at least one.
	verify(keys []Key, h http.Header, body []byte, now time.Time) error
	// signedAt returns the time that is signed, and the zero time where none is.
	signedAt(h http.Header) (time.Time, error)
}

func formOf(s Scheme) (form, error) {
	switch s {
	case None:
		return none{}, nil
	case Standard:
		return standard{}, nil
	case Stripe:
		return stripe{}, nil
	case Qlik:
		return overBody{header: "Qlik-Signature", encode: hex.AppendEncode}, nil
	case GitHub:
		return overBody{
			header: "X-Hub-Signature-256", prefix: "sha256=", encode: hex.AppendEncode,
			kind: "X-GitHub-Event", id: "X-GitHub-Delivery",
		}, nil
	case Shopify:
		return overBody{
			header: "X-Shopify-Hmac-Sha256", encode: base64.StdEncoding.AppendEncode,
			kind: "X-Shopify-Topic", id: "X-Shopify-Webhook-Id",
		}, nil
	}
	return nil, fmt.Errorf("unknown signature scheme %q", string(s))
}

// Signer signs the deliveries of one webhook. It is safe for concurrent use.
type Signer struct {
	form form
	keys []Key
}

// New returns a Signer of scheme. The first key is the current one. The others are being
// replaced, and sign too if the scheme allows several signatures. Without a key, only the
// scheme's unsigned headers are sent. Only Standard supports ed25519 keys.
func New(scheme Scheme, keys ...Key) (*Signer, error) {
	f, err := formOf(scheme)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.written == nil && scheme != Standard && scheme != None {
			return nil, fmt.Errorf("scheme %q does not support a secret %s…", string(scheme), ed25519Prefix)
		}
	}
	return &Signer{form: f, keys: keys}, nil
}

// Append appends the headers of one attempt to dst, in a fixed order.
func (s *Signer) Append(dst []Header, m Message) []Header {
	return s.form.append(dst, s.keys, m)
}

// none is the scheme for receivers that verify nothing.
type none struct{ noTime }

func (none) append(dst []Header, _ []Key, _ Message) []Header { return dst }

func (none) verify([]Key, http.Header, []byte, time.Time) error {
	return fmt.Errorf("scheme %q signs nothing", string(None))
}
