package redact

import (
	"fmt"
	"io"
	"strings"
)

// URL is the URL of a webhook or of its proxy.
type URL struct {
	content
	Secret bool // some of it came by ${…}
}

// NewURL makes a URL of text.
func NewURL(text string, secret bool) URL { return URL{content{&text}, secret} }

// Equal reports whether both are the same URL.
func (u URL) Equal(o URL) bool { return u.Secret == o.Secret && u.Reveal() == o.Reveal() }

// Redacted returns what may be shown: scheme, host, path and the names of the
// query, with user info and values as ***. Of a URL that came by ${…} nothing
// after the host is shown.
func (u URL) Redacted() string {
	text := u.Reveal()
	before, rest, ok := strings.Cut(text, "://")
	// A ${…} that was not filled in may be the host.
	host, after, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = Mask + host[at:]
	}
	if !ok || strings.Contains(before+host, "${") {
		if u.Secret {
			return Mask
		}
		return text
	}
	if u.Secret {
		host, _, _ := strings.Cut(host, "?")
		return before + "://" + host + "/" + Mask
	}
	if slash {
		host += "/"
	}
	path, query, ok := strings.Cut(host+after, "?")
	if ok {
		path += "?" + redactQuery(query)
	}
	return before + "://" + path
}

// redactQuery keeps the names. A part without = may itself be a secret.
func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if !ok {
			parts[i] = Mask
		} else {
			parts[i] = name + "=" + Mask
		}
	}
	return strings.Join(parts, "&")
}

// String returns Redacted.
func (u URL) String() string { return u.Redacted() }

// Format prints Redacted, whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { io.WriteString(f, u.Redacted()) }

// MarshalText is what JSON, YAML and slog show.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.Redacted()), nil }
