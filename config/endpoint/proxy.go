package endpoint

import (
	"net/url"
	"strings"
	"unicode"

	"sidehook/config/credential"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// CheckProxy returns all that is flaws with the URL of a proxy. No flaw quotes it:
// its user info is a secret.
func CheckProxy(text string) []Flaw {
	const like = "write it like http://proxy.example.com:3128"
	if strings.ContainsFunc(text, unicode.IsControl) {
		return controlCharacters()
	}
	var flaws []Flaw
	add := func(message, hint string) { flaws = append(flaws, Flaw{message, hint}) }
	// The last @ ends the user info, even if the user info contains others.
	user, rest := "", text
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
	} else if c := checkURLHost(host, true); c.Message != "" {
		flaws = append(flaws, c)
	}
	if flaws != nil {
		return flaws
	}
	parsed, err := url.Parse(text)
	if err != nil { // the error may quote a secret
		return []Flaw{{"is not a URL", like}}
	}
	if parsed.Scheme == "socks5" && parsed.User != nil {
		password, _ := parsed.User.Password()
		if name := parsed.User.Username(); name == "" || len(name) > 255 || len(password) > 255 {
			add("must have a user name of 1 to 255 bytes, and a password of at most 255", "")
		}
	}
	return flaws
}

// ReadProxy reads the proxy of a webhook. Unlike url, it may contain a user name
// and a password: there is no other place for them.
func ReadProxy(r *yamlnode.Reader, v *yamlnode.Value, into *redact.URL) {
	t, ok := credential.ReadAddress(r, v)
	if !ok {
		return
	}
	// A ${…} that was not replaced may be the whole URL. Otherwise Redacted hides
	// the user info.
	*into = redact.NewURL(t.String(), t.Hidden() && !t.Known)
	r.Warn(v, "address rules cannot be enforced through a proxy: sidehook sees only the proxy's own", "have the proxy refuse addresses within your network")
	if !t.Known {
		return
	}
	for _, flaw := range CheckProxy(t.String()) {
		r.Fail(v, flaw.Message, flaw.Hint)
	}
}
