package config

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Header is a header line of a webhook's own. It prints itself redacted; only
// Reveal gives its value.
type Header struct {
	Name   string  // an RFC 9110 token, in the case it was given
	Secret bool    // some of the value came by ${…}
	text   *string // as in Secret
}

func newHeader(name, text string, secret bool) Header { return Header{name, secret, &text} }

// Reveal returns the value, which has no control characters.
func (h Header) Reveal() string {
	if h.text == nil {
		return ""
	}
	return *h.text
}

// Equal reports whether both are the same line.
func (h Header) Equal(o Header) bool {
	return h.Name == o.Name && h.Secret == o.Secret && h.Reveal() == o.Reveal()
}

// Redacted returns the value as it may be shown: *** if it came by ${…}, or if
// the name is one that credentials travel under.
func (h Header) Redacted() string {
	if h.Secret || confidential(h.Name) {
		return redacted
	}
	return h.Reveal()
}

// confidential reports whether a header of that name carries a credential.
func confidential(name string) bool {
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

// reserved says why a webhook cannot have a header of that name, and what to do
// instead; "" if it can.
func reserved(name string) (why, hint string) {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
		"te", "trailer", "transfer-encoding", "upgrade":
		return "is a hop-by-hop header", ""
	case "host", "content-length", "content-type":
		return "is set from the request itself", ""
	case "user-agent":
		return "has a key of its own", "write user_agent: …"
	case "webhook-id", "webhook-timestamp", "webhook-signature", "qlik-signature",
		"x-hub-signature-256", "x-github-event", "x-github-delivery", "stripe-signature",
		"x-shopify-hmac-sha256", "x-shopify-topic", "x-shopify-webhook-id":
		return "is a signature header", "choose it by profile or signature"
	}
	if strings.HasPrefix(strings.ToLower(name), "sidehook-") {
		return "is one that sidehook sets", ""
	}
	return "", ""
}

// isToken reports whether s is a token of RFC 9110, as a header's name must be.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == ""
}

// hasControl reports whether s holds a control character.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, unicode.IsControl)
}
