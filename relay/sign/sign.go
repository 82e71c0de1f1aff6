// Package sign makes the signature headers of a delivery, and checks them as a
// receiver would. It is pure: no clock, no network, no state but the HMACs
// that it keeps warm.
//
// A scheme is one case of formOf, and what implements form there. What a
// scheme signs, and how it reads a secret, is what the scheme's own libraries
// do; the tests hold the package to their published vectors and to the
// libraries themselves.
//
// The deliverer signs each attempt with a Signer. Receivers of our own (the
// demo, tests) call Verify.
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
	ID        string    // of the delivery, as DeliveryID gives it
	Type      string    // of the event, as a header may hold it
	Timestamp time.Time // of the attempt
	Body      []byte    // as sent, byte for byte
}

// Header is one header line that a scheme adds.
type Header struct {
	Name  string // in the scheme's own spelling
	Value string
	// Repeats is set of webhook-id, which only says the delivery's id again. It
	// is known without it, and on most deliveries; the others are the attempt's
	// own, and a history of attempts records those alone.
	Repeats bool
}

// form is what a scheme knows how to do. Its methods may run at once.
type form interface {
	// append signs m with keys, of which there may be none, onto dst.
	append(dst []Header, keys []Key, m Message) []Header
	// verify reports why h and body hold no signature by one of keys, of
	// which there is at least one.
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

// New returns a Signer of scheme. The first key is the one in force; those
// after it are on their way out, and sign too where the scheme carries several
// signatures. Without a key the scheme's unsigned headers are all there is.
// Keys of ed25519 are for Standard alone.
func New(scheme Scheme, keys ...Key) (*Signer, error) {
	f, err := formOf(scheme)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.written == nil && scheme != Standard && scheme != None {
			return nil, fmt.Errorf("scheme %q has no use for a secret %s…", string(scheme), ed25519Prefix)
		}
	}
	return &Signer{form: f, keys: keys}, nil
}

// Append appends the headers of one attempt to dst, always in the same order.
func (s *Signer) Append(dst []Header, m Message) []Header {
	return s.form.append(dst, s.keys, m)
}

// none is the scheme of receivers that check nothing.
type none struct{ noTime }

func (none) append(dst []Header, _ []Key, _ Message) []Header { return dst }

func (none) verify([]Key, http.Header, []byte, time.Time) error {
	return fmt.Errorf("scheme %q signs nothing", string(None))
}
