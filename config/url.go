package config

import (
	"fmt"
	"io"
	"strings"
)

// URL is where a webhook's requests go, or its proxy. It prints itself redacted; only Reveal
// gives all of it.
type URL struct {
	Secret bool    // some of it came by ${…}
	text   *string // as in Secret
}

func newURL(text string, secret bool) URL { return URL{secret, &text} }

// Reveal returns the URL itself.
func (u URL) Reveal() string {
	if u.text == nil {
		return ""
	}
	return *u.text
}

// Equal reports whether both are the same URL.
func (u URL) Equal(o URL) bool { return u.Secret == o.Secret && u.Reveal() == o.Reveal() }

// Redacted returns what may be shown: scheme, host and path, user info and the
// values of the query as ***; and of one with a ${…} nothing after the host.
func (u URL) Redacted() string {
	text := u.Reveal()
	before, rest, ok := strings.Cut(text, "://")
	// Where a ${…} is not filled in, it may be the host.
	host, after, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = redacted + host[at:]
	}
	if !ok || strings.Contains(before+host, "${") {
		if u.Secret {
			return redacted
		}
		return text
	}
	if u.Secret {
		host, _, _ := strings.Cut(host, "?")
		return before + "://" + host + "/" + redacted
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

// redactQuery keeps the names. One without a value may be the value.
func redactQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if !ok {
			parts[i] = redacted
		} else {
			parts[i] = name + "=" + redacted
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
