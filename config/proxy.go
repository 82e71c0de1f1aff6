package config

import (
	"net/url"
	"strings"
)

// readProxy reads the proxy of a webhook. Its user info is the only place for
// its credentials, so unlike a webhook's url it may hold them.
func readProxy(l *loader, v *value, d *partial) {
	t, ok := l.address(v)
	if !ok {
		return
	}
	// What is not filled in may be all of it; of the rest its own Redacted hides
	// the user info.
	d.Proxy = newURL(t.string, t.filled && !t.known)
	l.warn(v, "address rules cannot be enforced through a proxy: sidehook sees only the proxy's own", "have the proxy refuse addresses within your network")
	if !t.known {
		return
	}
	for _, c := range judgeProxy(t) {
		l.fail(v, c.message, c.hint)
	}
}

// judgeProxy returns all that is wrong with the URL of a proxy. It shows nothing
// of it: its user info is a secret.
func judgeProxy(t text) []complaint {
	const like = "write it like http://proxy.example.com:3128"
	if hasControl(t.string) {
		return []complaint{{"must not hold control characters", oneLine}}
	}
	var wrong []complaint
	add := func(message, hint string) { wrong = append(wrong, complaint{message, hint}) }
	// Its last @ ends the user info, also where that holds more of them.
	user, rest := "", t.string
	if start, at := strings.Index(rest, "//")+2, strings.LastIndexByte(rest, '@'); 1 < start && start <= at {
		user, rest = rest[start:at], rest[:start]+rest[at+1:]
	}
	if _, bad := encode(user, ofUserInfo); bad != "" {
		add("has a user name or password with a character that must be percent-encoded",
			"write %40 for @, %2F for /, %3F for ?, %23 for #, %5B for [, %5D for ], %20 for a space and %25 for %")
	}
	u := splitURI(rest)
	switch strings.ToLower(u.scheme) {
	case "http", "https", "socks5":
	case "socks5h":
		add("must be http://, https:// or socks5://", "write socks5://…, with which the proxy looks up the names, too")
	default:
		add("must be http://, https:// or socks5://", like)
	}
	host, port := splitPort(u.authority)
	if strings.Trim(u.rest, "/") != "" || u.fragment != "" {
		add("must end with its host or port", like)
	}
	switch {
	case port == ":":
		add("has a colon without a port", "remove it, or write it like http://proxy.example.com:3128")
	case !isURLPort(port):
		add("must have a port between 1 and 65535", "")
	}
	if host == "" {
		add("has no host", like)
	} else if c := judgeURLHost(host, true); c.message != "" {
		wrong = append(wrong, c)
	}
	if wrong != nil {
		return wrong
	}
	parsed, err := url.Parse(t.string)
	if err != nil { // it may quote what is secret
		return []complaint{{"is not a URL", like}}
	}
	if parsed.Scheme == "socks5" && parsed.User != nil {
		password, _ := parsed.User.Password()
		if name := parsed.User.Username(); name == "" || len(name) > 255 || len(password) > 255 {
			add("must have a user name of 1 to 255 bytes, and a password of at most 255", "")
		}
	}
	return wrong
}
