package config

import (
	"net/url"
	"strings"
)

// readProxy reads the proxy of a webhook. Its user info is the only place for
// its credentials, so unlike a webhook's url it may hold them.
func readProxy(l *loader, v *value, d *draft) {
	t, ok := l.credential(v)
	if !ok {
		return
	}
	// What is not filled in may be all of it; of the rest its own Redacted hides
	// the user info.
	d.Proxy = newURL(t.string, t.filled && !t.known)
	l.warn(v, "leaves the rules for addresses to the proxy: sidehook sees only the proxy's own", "have the proxy refuse addresses within your network")
	if !t.known {
		return
	}
	for _, c := range judgeProxy(t.string) {
		l.fail(v, c.message, c.hint)
	}
}

// judgeProxy returns all that is wrong with the URL of a proxy.
func judgeProxy(text string) []complaint {
	const like = "write it like http://proxy.example.com:3128"
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t") {
		// The parser's error may quote what is secret.
		return []complaint{{"is not a URL", like}}
	}
	var wrong []complaint
	switch u.Scheme {
	case "http", "https", "socks5":
	case "socks5h":
		wrong = append(wrong, complaint{"must be http://, https:// or socks5://", "write socks5://…, with which the proxy looks up the names, too"})
	default:
		wrong = append(wrong, complaint{"must be http://, https:// or socks5://", like})
	}
	if strings.Trim(u.Path, "/") != "" || strings.ContainsAny(text, "?#") {
		wrong = append(wrong, complaint{"must end with its host or port", like})
	}
	if port := u.Port(); port != "" && !isPort(port) || u.Port() == "0" {
		wrong = append(wrong, complaint{"must have a port between 1 and 65535", ""})
	}
	if host := u.Hostname(); host == "" {
		wrong = append(wrong, complaint{"has no host", like})
	} else if c := judgeHost(host, true); c.message != "" {
		wrong = append(wrong, c)
	}
	if u.Scheme == "socks5" && u.User != nil {
		password, _ := u.User.Password()
		if name := u.User.Username(); name == "" || len(name) > 255 || len(password) > 255 {
			wrong = append(wrong, complaint{"must have a user name of 1 to 255 bytes, and a password of at most 255", ""})
		}
	}
	return wrong
}
