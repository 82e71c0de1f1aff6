package redact

import (
	"fmt"
	"io"
	"strings"
)

// Header is a header that a webhook adds to its requests. Its text is its value.
type Header struct {
	content
	Name   string // an RFC 9110 token, in the case it was given
	Secret bool   // some of the value came by ${…}
}

// NewHeader makes a header.
func NewHeader(name, value string, secret bool) Header { return Header{content{&value}, name, secret} }

// Equal reports whether both are the same header.
func (h Header) Equal(o Header) bool {
	return h.Name == o.Name && h.Secret == o.Secret && h.Reveal() == o.Reveal()
}

// Redacted returns the value as it may be shown: *** if it came by ${…}, or if
// the name is one that credentials travel under.
func (h Header) Redacted() string {
	if h.Secret || Confidential(h.Name) {
		return Mask
	}
	return h.Reveal()
}

// Confidential reports whether a header of that name carries a credential.
func Confidential(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "authorization", "cookie", "set-cookie", "proxy-authorization":
		return true
	}
	for _, end := range []string{"-key", "-token", "-auth", "-secret"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// String returns the line as it may be shown.
func (h Header) String() string { return h.Name + ": " + h.Redacted() }

// Format prints the line as it may be shown, whatever the verb.
func (h Header) Format(f fmt.State, _ rune) { io.WriteString(f, h.String()) }

// MarshalText is what JSON, YAML and slog show.
func (h Header) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
