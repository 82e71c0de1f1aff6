// Package sign makes the signature headers of a delivery, and checks them as a
// receiver would. It is pure: no clock, no network, no state but the HMACs
// that it keeps warm.
//
// A scheme is one type that implements form, and one case of formOf. What a
// scheme signs, and how it reads a secret, is what the scheme's own libraries
// do; the tests hold the package to their published vectors and to the
// libraries themselves.
//
// The deliverer signs each attempt with a Signer. Receivers of our own (the
// demo, tests) call Verify.
package sign

import (
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
)

// Message is what one attempt sends.
type Message struct {
	ID        string    // of the delivery, as DeliveryID gives it
	Timestamp time.Time // of the attempt
	Body      []byte    // as sent, byte for byte
}

// Header is one header line that a scheme adds.
type Header struct {
	Name  string // in the scheme's own spelling
	Value string
	// Repeats is set where Value only says the delivery's id again. Such a
	// header is the same at each attempt and known without it; the others are
	// the attempt's own, and a history of attempts records those alone.
	Repeats bool
}

// form is what a scheme knows how to do. Both methods may run at once.
type form interface {
	// append signs m with keys, of which there may be none, onto dst.
	append(dst []Header, keys []Key, m Message) []Header
	// verify reports why h and body hold no signature by one of keys, of
	// which there is at least one.
	verify(keys []Key, h http.Header, body []byte, now time.Time) error
}

func formOf(s Scheme) (form, error) {
	switch s {
	case None:
		return none{}, nil
	case Standard:
		return standard{}, nil
	case Qlik:
		return qlik{}, nil
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
func New(scheme Scheme, keys ...Key) (*Signer, error) {
	f, err := formOf(scheme)
	if err != nil {
		return nil, err
	}
	return &Signer{form: f, keys: keys}, nil
}

// Append appends the headers of one attempt to dst, always in the same order.
func (s *Signer) Append(dst []Header, m Message) []Header {
	return s.form.append(dst, s.keys, m)
}

// none is the scheme of receivers that check nothing.
type none struct{}

func (none) append(dst []Header, _ []Key, _ Message) []Header { return dst }

func (none) verify([]Key, http.Header, []byte, time.Time) error {
	return fmt.Errorf("scheme %q signs nothing", string(None))
}
