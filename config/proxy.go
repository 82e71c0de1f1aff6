package config

import (
	"sidehook/config/endpoint"
	"sidehook/config/redact"
)

// readProxy reads the proxy of a webhook. Its user info is the only place for
// its credentials, so unlike a webhook's url it may hold them.
func readProxy(l *loader, v *value, into *URL) {
	t, ok := l.address(v)
	if !ok {
		return
	}
	// What is not filled in may be all of it; of the rest its own Redacted hides
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
