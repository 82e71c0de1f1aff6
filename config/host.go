package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// complaint is what is wrong with a value, and what to write instead.
type complaint struct{ message, hint string }

// judgeURL returns all that is wrong with a webhook's URL.
func judgeURL(text string, allow Allow) []complaint {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t") {
		// The parser's error may quote what is secret.
		return []complaint{{"is not a URL", "write it like https://hooks.example.com/path"}}
	}
	var wrong []complaint
	switch {
	case u.Scheme == "https" || u.Scheme == "http" && allow.HTTP:
	case u.Scheme == "http":
		wrong = append(wrong, complaint{"must use https", "write https://…, or allow: [http] for this webhook"})
	default:
		wrong = append(wrong, complaint{"must use https", "write https://…"})
	}
	if u.User != nil {
		wrong = append(wrong, complaint{"must not hold user info", "write headers: {Authorization: …}"})
	}
	if strings.Contains(text, "#") {
		wrong = append(wrong, complaint{"must not hold a fragment", "remove # and what follows"})
	}
	if port := u.Port(); port != "" && !isPort(port) || u.Port() == "0" {
		wrong = append(wrong, complaint{"must have a port between 1 and 65535", ""})
	}
	if c := judgeHost(u.Hostname(), allow.AnyHost); c.message != "" {
		wrong = append(wrong, c)
	}
	return wrong
}

// judgeHost returns what is wrong with a URL's host; the zero complaint if
// nothing is.
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

// isAddress says whether a resolver may take the host for an IP address: it
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
