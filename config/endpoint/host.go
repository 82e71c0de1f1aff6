package endpoint

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"sidehook/config/yamlnode"
)

// isURLPort reports whether port, with its colon, is one to connect to. Without
// one the scheme decides.
func isURLPort(port string) bool {
	return port == "" || strings.Trim(port[1:], digits) == "" && isPort(port[1:])
}

// toASCII returns the form that name servers know of a host in other letters, and
// any other host unchanged.
func toASCII(host string) string {
	decoded, err := url.PathUnescape(host)
	if err != nil || strings.Trim(decoded, ofUserInfo+"[]%") == "" {
		return host
	}
	ascii, err := idna.Lookup.ToASCII(decoded)
	if err != nil || CheckHost(ascii, true).Message != "" {
		return host
	}
	return ascii
}

// checkURLHost is CheckHost for the host of a URL, where an IPv6 address must stand
// in brackets and nothing else may.
func checkURLHost(host string, anyHost bool) Flaw {
	inner, open := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !open && !closed && !strings.Contains(host, ":") {
		return CheckHost(host, anyHost)
	}
	address, zone, zoned := strings.Cut(inner, "%25")
	ip, err := netip.ParseAddr(address)
	if err != nil || !open || !closed || !ip.Is6() || ip.Zone() != "" || zoned != (zone != "") || strings.Trim(zone, unreserved) != "" {
		return Flaw{"has a host that is neither a name nor an IPv6 address in brackets", "write it like hooks.example.com or [2001:db8::1]"}
	}
	return CheckHost(ip.String(), anyHost)
}

// CheckHost returns what is wrong with a host; the zero Flaw if nothing is.
// Without anyHost it must be a fully qualified domain name.
func CheckHost(host string, anyHost bool) Flaw {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case host == "":
		return Flaw{"has no host", "write it like https://hooks.example.com/path"}
	case isAddress(host, labels):
		if !anyHost {
			return Flaw{"must have a domain name as its host, not an IP address", "write the name, or allow: [any-host] for this webhook"}
		}
		if _, err := netip.ParseAddr(host); err != nil {
			return Flaw{"has an IP address in an ambiguous form", "write it like 192.0.2.1 or [2001:db8::1]"}
		}
	case len(host) > 253 || !all(labels, isLabel):
		return Flaw{"has a host that is not a domain name", "write letters, digits and hyphens between the dots; a name in other letters in its xn-- form"}
	case len(labels) == 1 && !anyHost:
		return Flaw{"must have a fully qualified domain name as its host", "write a name such as hooks.example.com, or allow: [any-host] for this webhook"}
	}
	return Flaw{}
}

// isAddress reports whether a resolver may take the host for an IP address, as it
// does for 127.1 and 0x7f000001, too.
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
		if !isAlphanumeric(s[i]) && s[i] != '_' && (s[i] != '-' || i == 0 || i == len(s)-1) {
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

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// ReadServerName reads the name that the certificate of a receiver must have.
func ReadServerName(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	if flaw := CheckHost(t.String(), true); flaw.Message != "" {
		r.Fail(v, "must be the name that the receiver's certificate has, not "+t.Show(), "write it like hooks.example.com")
		return
	}
	*into = t.String()
}
