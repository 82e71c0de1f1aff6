package config

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// complaint is what is wrong with a value, and what to write instead.
type complaint struct{ message, hint string }

// judgeURL returns all that is wrong with a webhook's URL. If that is how it is
// written, the hint is the URL as it must be, unless it is a secret.
func judgeURL(t text, allow Allow) []complaint {
	if hasControl(t.string) {
		return []complaint{{"must not hold control characters", oneLine}}
	}
	trimmed := strings.TrimSpace(t.string)
	u := splitURI(trimmed)
	_, hostport, hasUser := u.userInfo()
	host, port := splitPort(hostport)
	ascii := toASCII(host)
	rest, first := encode(u.rest, ofQuery)
	scheme := "https"
	if allow.HTTP && strings.EqualFold(u.scheme, "http") {
		scheme = "http"
	}
	right, shown := "write "+scheme+"://"+ascii+strings.TrimSuffix(port, ":")+rest, strconv.Quote(first)
	if again, _ := splitPort(ascii + strings.TrimSuffix(port, ":")); again != ascii {
		right = "write it like https://hooks.example.com/path" // what is left of the host has a colon
	}
	switch {
	case t.filled:
		right, shown = "write it so there, such as %20 for a space", "a character"
	case first == " ":
		shown = "a space"
	case first == "%":
		shown = `a "%" without two hexadecimal digits after it`
	}

	var wrong []complaint
	add := func(message, hint string) { wrong = append(wrong, complaint{message, hint}) }
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
		add("must not hold a fragment", "remove # and what follows")
	}
	badHost := judgeURLHost(ascii, allow.AnyHost)
	if badHost.message == "" && ascii != host {
		badHost = complaint{"has a host in letters that name servers do not know", right}
	}
	switch {
	case port == ":" && badHost.message == "":
		add("has a colon without a port", right)
	case port != ":" && !isURLPort(port):
		add("must have a port between 1 and 65535", "")
	}
	if badHost.message != "" {
		wrong = append(wrong, badHost)
	}
	switch {
	case hostport == "":
	case first != "":
		add("holds "+shown+", which must be percent-encoded", right)
	case trimmed != t.string:
		add("begins or ends with a space", right)
	}
	if _, err := url.Parse(trimmed); err != nil && wrong == nil {
		add("is not a URL", "write it like https://hooks.example.com/path")
	}
	return wrong
}

// isURLPort reports whether port, with its colon, is one to connect to. None at
// all is that of the scheme.
func isURLPort(port string) bool {
	return port == "" || strings.Trim(port[1:], digits) == "" && isPort(port[1:])
}

// toASCII returns a host in other letters in the form that name servers know, and
// any other host as it is.
func toASCII(host string) string {
	decoded, err := url.PathUnescape(host)
	if err != nil || strings.Trim(decoded, ofUserInfo+"[]%") == "" {
		return host
	}
	ascii, err := idna.Lookup.ToASCII(decoded)
	if err != nil || judgeHost(ascii, true).message != "" {
		return host
	}
	return ascii
}

// judgeURLHost is judgeHost for a host as a URL has it: an IPv6 address stands in
// brackets, and nothing else does.
func judgeURLHost(host string, anyHost bool) complaint {
	inner, open := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !open && !closed && !strings.Contains(host, ":") {
		return judgeHost(host, anyHost)
	}
	address, zone, zoned := strings.Cut(inner, "%25")
	ip, err := netip.ParseAddr(address)
	if err != nil || !open || !closed || !ip.Is6() || ip.Zone() != "" || zoned != (zone != "") || strings.Trim(zone, unreserved) != "" {
		return complaint{"has a host that is neither a name nor an IPv6 address in brackets", "write it like hooks.example.com or [2001:db8::1]"}
	}
	return judgeHost(ip.String(), anyHost)
}

// judgeHost returns what is wrong with a host; the zero complaint if nothing is.
func judgeHost(host string, anyHost bool) complaint {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case host == "":
		return complaint{"has no host", "write it like https://hooks.example.com/path"}
	case isAddress(host, labels):
		if !anyHost {
			return complaint{"must name its host by a domain name, not an IP address", "write the name, or allow: [any-host] for this webhook"}
		}
		if _, err := netip.ParseAddr(host); err != nil {
			return complaint{"has an IP address in a form that is not understood everywhere", "write it like 192.0.2.1 or [2001:db8::1]"}
		}
	case len(host) > 253 || !all(labels, isLabel):
		return complaint{"has a host that is not a domain name", "write letters, digits and hyphens between the dots; a name in other letters in its xn-- form"}
	case len(labels) == 1 && !anyHost:
		return complaint{"must have a fully qualified domain name as its host", "write a name such as hooks.example.com, or allow: [any-host] for this webhook"}
	}
	return complaint{}
}

// isAddress reports whether a resolver may take the host for an IP address: it
// does so for 127.1 and 0x7f000001, too.
func isAddress(host string, labels []string) bool {
	if _, err := netip.ParseAddr(host); err == nil || strings.Contains(host, ":") {
		return true
	}
	last := strings.ToLower(labels[len(labels)-1])
	digits := "0123456789"
	if after, ok := strings.CutPrefix(last, "0x"); ok {
		last, digits = after, "0123456789abcdef"
	} else if last == "" {
		return false
	}
	return strings.Trim(last, digits) == ""
}

func isLabel(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '_' && (s[i] != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 63
}

func all(list []string, good func(string) bool) bool {
	for _, s := range list {
		if !good(s) {
			return false
		}
	}
	return true
}
