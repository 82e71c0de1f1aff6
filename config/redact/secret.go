// Package redact owns the values of the configuration that hold secrets: a
// secret, a URL and a header. Each prints only the part that may be shown, with fmt and any
// verb, slog, JSON or YAML. Only Reveal returns all of it.
// Package config makes them; the relay reveals them where they are sent.
package redact

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// Mask is shown in place of a secret.
const Mask = "***"

// content is a text that only Reveal returns. It has a pointer, because fmt calls no
// method of an unexported field: of a secret in such a field it prints the address.
type content struct{ text *string }

// Reveal returns the text itself; "" if there is none.
func (c content) Reveal() string {
	if c.text == nil {
		return ""
	}
	return *c.text
}

// Secret is a text of which nothing is shown. The zero Secret is unset and prints
// as nothing.
type Secret struct{ content }

// NewSecret makes a secret of text.
func NewSecret(text string) Secret { return Secret{content{&text}} }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether two secrets are the same, in a time that does not depend
// on where they differ.
func (s Secret) Equal(o Secret) bool {
	return s.IsZero() == o.IsZero() && subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String returns *** for a secret that is set.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return Mask
}

// Format prints *** whatever the verb: %x and %#v too.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText is what JSON, YAML and slog show.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
