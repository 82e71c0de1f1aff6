// Package endpoint owns the rules for where requests may go and where sidehook
// may listen: the URL of a webhook, the URL of a proxy, the address of the
// listener, the hosts in them, and which of these rules allow lifts. A check returns
// every flaw that it finds, with a correction, and never quotes user info.
// It resolves no names and opens no connections; package config, and the packages
// beside it that read addresses, call it at load.
package endpoint

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Flaw is the problem of an address, and a correction.
type Flaw struct{ Message, Hint string }

// Rules are the rules that are lifted for a URL.
type Rules struct {
	HTTP    bool // it may do without TLS
	AnyHost bool // it may name an IP address or a single label
}

const likeURL = "write it like https://hooks.example.com/path"

// controlCharacters is the flaw of a text with a control character, mostly a line
// end.
func controlCharacters() []Flaw {
	return []Flaw{{"must not contain control characters", "keep it in one line, without a line end or a tab"}}
}

// CheckURL returns all that is wrong with the URL of a webhook. The hint quotes
// the URL as it should be written, unless it is hidden.
func CheckURL(text string, hidden bool, rules Rules) []Flaw {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return controlCharacters()
	}
	trimmed := strings.TrimSpace(text)
	u := splitURI(trimmed)
	_, hostport, hasUser := u.userInfo()
	host, port := splitPort(hostport)
	ascii := toASCII(host)
	rest, first := encode(u.rest, ofQuery)
	scheme := "https"
	if rules.HTTP && strings.EqualFold(u.scheme, "http") {
		scheme = "http"
	}
	right, shown := "write "+scheme+"://"+ascii+strings.TrimSuffix(port, ":")+rest, strconv.Quote(first)
	if again, _ := splitPort(ascii + strings.TrimSuffix(port, ":")); again != ascii {
		right = likeURL // without its colon, the host still has one
	}
	switch {
	case hidden:
		right, shown = "encode it where it comes from, such as %20 for a space", "a character"
	case first == " ":
		shown = "a space"
	case first == "%":
		shown = `a "%" without two hexadecimal digits after it`
	}

	var flaws []Flaw
	add := func(message, hint string) { flaws = append(flaws, Flaw{message, hint}) }
	switch {
	case strings.EqualFold(scheme, u.scheme):
	case strings.EqualFold("http", u.scheme):
		add("must use https", "write https://…, or allow: [http] for this webhook")
	default:
		add("must use https", "write https://…")
	}
	if hasUser {
		add("must not contain a user name or password", "write headers: {Authorization: …}")
	}
	if u.fragment != "" {
		add("must not contain a fragment", "remove # and what follows")
	}
	badHost := checkURLHost(ascii, rules.AnyHost)
	if badHost.Message == "" && ascii != host {
		badHost = Flaw{"has a host that is not in ASCII", right}
	}
	switch {
	case port == ":" && badHost.Message == "":
		add("has a colon without a port", right)
	case port != ":" && !isURLPort(port):
		add("must have a port between 1 and 65535", "")
	}
	if badHost.Message != "" {
		flaws = append(flaws, badHost)
	}
	switch {
	case hostport == "":
	case first != "":
		add("contains "+shown+", which must be percent-encoded", right)
	case trimmed != text:
		add("begins or ends with a space", right)
	}
	if _, err := url.Parse(trimmed); err != nil && flaws == nil {
		add("is not a URL", likeURL)
	}
	return flaws
}
