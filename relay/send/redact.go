package send

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sidehook/history"
)

// redacted is shown in place of a secret.
const redacted = "***"

// confidential reports whether headers of that name carry credentials.
func confidential(name string) bool {
	for _, whole := range [...]string{"Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization"} {
		if strings.EqualFold(name, whole) {
			return true
		}
	}
	for _, end := range [...]string{"-Key", "-Token", "-Auth", "-Secret"} {
		if at := len(name) - len(end); at >= 0 && strings.EqualFold(name[at:], end) {
			return true
		}
	}
	return false
}

// minSecret is the length from which a value is masked in an answer. Shorter ones
// occur in any text by chance.
const minSecret = 8

// secrets returns what is sent to a receiver and must not get into the history by
// an answer that repeats it, longest first.
func secrets(s *Settings) [][]byte {
	var found [][]byte
	add := func(text string) {
		if len(text) >= minSecret && !strings.Contains(s.Shown, text) {
			found = append(found, []byte(text))
		}
	}
	for _, h := range s.Headers {
		if h.Secret || confidential(h.Name) {
			add(h.Value)
			for word := range strings.FieldsSeq(h.Value) { // "Bearer TOKEN"
				add(word)
			}
		}
	}
	for _, values := range s.URL.Query() {
		for _, value := range values {
			add(value)
			add(url.QueryEscape(value))
		}
	}
	for segment := range strings.SplitSeq(s.URL.EscapedPath(), "/") {
		add(segment)
	}
	if s.OAuth2 != nil {
		hide := func(value string) { add(value); add(url.QueryEscape(value)) }
		id, secret := s.OAuth2.ClientID, s.OAuth2.ClientSecret
		hide(secret)
		add(base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(secret))))
		for _, p := range s.OAuth2.Params {
			if p.Secret {
				hide(p.Value)
			}
		}
	}
	if s.Proxy != nil && s.Proxy.User != nil {
		password, _ := s.Proxy.User.Password()
		add(password)
		add(url.QueryEscape(password))
		add(base64.StdEncoding.EncodeToString([]byte(s.Proxy.User.Username() + ":" + password)))
	}
	slices.SortFunc(found, func(a, b []byte) int { return len(b) - len(a) })
	return slices.CompactFunc(found, bytes.Equal)
}

// withSecret returns secrets with one more, whatever its length. The list itself is
// shared, and stays as it is.
func withSecret(secrets [][]byte, one string) [][]byte {
	at, _ := slices.BinarySearchFunc(secrets, len(one), func(s []byte, n int) int { return n - len(s) })
	return slices.Insert(slices.Clone(secrets), at, []byte(one))
}

// mask replaces each of the secrets in text.
func mask(text []byte, secrets [][]byte) []byte {
	for _, secret := range secrets {
		if bytes.Contains(text, secret) {
			text = bytes.ReplaceAll(text, secret, []byte(redacted))
		}
	}
	return text
}

func maskString(text string, secrets [][]byte) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, string(secret), redacted)
	}
	return text
}

// responseHeaders appends the headers of an answer as they are recorded, by name.
func responseHeaders(list []history.Header, h http.Header, secrets [][]byte) []history.Header {
	list = slices.Grow(list, len(h))
	for name, values := range h {
		value := values[0]
		switch {
		case confidential(name):
			value = redacted
		case len(values) > 1:
			value = strings.Join(values, ", ")
		}
		if name == "Location" || name == "Content-Location" {
			value = redactLink(value)
		}
		list = append(list, history.Header{Name: name, Value: maskString(value, secrets)})
	}
	slices.SortFunc(list, func(a, b history.Header) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// redactLink masks a link's query, fragment and user info.
func redactLink(link string) string {
	if i := strings.IndexAny(link, "?#"); i >= 0 {
		link = link[:i+1] + redacted
	}
	if scheme := strings.Index(link, "//"); scheme >= 0 {
		host := link[scheme+2:]
		if slash := strings.IndexByte(host, '/'); slash >= 0 {
			host = host[:slash]
		}
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			link = link[:scheme+2] + redacted + link[scheme+2+at:]
		}
	}
	return link
}
