package config

import (
	"sidehook/config/credential"
	"sidehook/config/endpoint"
	"sidehook/config/redact"
)

// readProxy reads the proxy of a webhook. Unlike url, it may contain a user name
// and a password: there is no other place for them.
func readProxy(l *loader, v *value, into *URL) {
	t, ok := credential.ReadAddress(l.Reader, v)
	if !ok {
		return
	}
	// A ${…} that was not replaced may be the whole URL. Otherwise Redacted hides
	// the user info.
	*into = redact.NewURL(t.String(), t.Hidden() && !t.Known)
	l.Warn(v, "address rules cannot be enforced through a proxy: sidehook sees only the proxy's own", "have the proxy refuse addresses within your network")
	if !t.Known {
		return
	}
	for _, flaw := range endpoint.CheckProxy(t.String()) {
		l.Fail(v, flaw.Message, flaw.Hint)
	}
}
