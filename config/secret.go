package config

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// redacted is what a secret looks like wherever it is printed.
const redacted = "***"

// Secret is a text that prints as ***, whatever prints it: fmt with any verb,
// slog, JSON or YAML. Only Reveal gives it away. The zero Secret is unset and
// prints as nothing.
type Secret struct {
	// A pointer, because fmt calls no method on the unexported fields of other
	// types: of a Secret in there it prints an address.
	text *string
}

// NewSecret makes a secret of text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares two secrets in a time that tells nothing of them.
func (s Secret) Equal(o Secret) bool {
	return s.IsZero() == o.IsZero() && subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String returns *** for a secret that is set.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return redacted
}

// Format prints *** whatever the verb: %x and %#v too.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText is what JSON, YAML and slog show.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
