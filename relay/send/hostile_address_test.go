package send_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"sidehook/relay/send"
)

// R19: an address of this machine's network is refused in every form of it.
// Package dial has the blocks and their edges.
func forbidden() []hostile {
	var list []hostile
	for _, c := range []struct{ name, host, err string }{
		{"metadata", "169.254.169.254", "169.254.169.254 is a link-local address (169.254.0.0/16); allow: [169.254.0.0/16] would permit it"},
		{"private", "10.0.0.1", "a private address (10.0.0.0/8)"},
		{"IPv4-mapped", "[::ffff:10.0.0.1]", "a private address (10.0.0.0/8)"},
		{"IPv4-mapped in hex", "[::ffff:a00:1]", "a private address (10.0.0.0/8)"},
		{"IPv4-compatible", "[::10.0.0.1]", "an IPv4-compatible address (::/96)"},
		{"NAT64", "[64:ff9b::10.0.0.1]", "a NAT64 address (64:ff9b::/96)"},
		{"6to4", "[2002:a00:1::]", "a 6to4 address (2002::/16)"},
		{"Teredo", "[2001:0:a00:1::]", "a Teredo address (2001::/32)"},
		{"unique local", "[fd00:ec2::254]", "a private address (fc00::/7)"},
		{"zone", "[fe80::1%25lo]", "a link-local address (fe80::/10)"},
		{"loopback of IPv6", "[::1]", "a loopback address (::1/128)"},
		{"unspecified", "0.0.0.0", "the unspecified address (0.0.0.0/32)"},
	} {
		list = append(list, hostile{name: "R19 " + c.name, address: "http://" + c.host + ":80/x", status: not, err: c.err})
	}
	return list
}

// R20: what is odd in a URL and can be meant. The rest of the row, from user
// info to file:, config refuses.
func oddURLs(t *testing.T) []hostile {
	var target, extra string
	s := server(t, func(w http.ResponseWriter, r *http.Request) { target, extra = r.RequestURI, r.Header.Get("X") })
	return []hostile{
		{name: "R20 line breaks in the path", address: s.URL + "/a%0d%0aX:%20y/%00?b=%0d%0aX:%20y", status: ok, code: 200, check: func(t *testing.T, _ line) {
			if target != "/a%0d%0aX:%20y/%00?b=%0d%0aX:%20y" || extra != "" {
				t.Errorf("got %q and X %q", target, extra)
			}
		}},
	}
}

// R21: the listener's own address is out of reach, whatever is allowed.
func ownAddress(t *testing.T) []hostile {
	address, _ := recorder(t, 200)
	own := netip.MustParseAddrPort(strings.TrimPrefix(address, "http://"))
	mine := func(s *send.Settings, o *send.Options) {
		s.Allow = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
		o.Own = func() []netip.AddrPort { return []netip.AddrPort{own} }
	}
	var list []hostile
	for _, c := range []struct{ name, host, remote string }{
		{"own address", "127.0.0.1", "127.0.0.1"},
		{"own address, mapped", "[::ffff:127.0.0.1]", "127.0.0.1"},
		{"own address, unspecified", "0.0.0.0", "0.0.0.0"},
	} {
		port := own.String()[strings.LastIndexByte(own.String(), ':'):]
		list = append(list, hostile{
			name: "R21 " + c.name, address: "http://" + c.host + port, status: not, set: mine,
			err: c.remote + " is sidehook's own listener (port " + port[1:] + "), which cannot be allowed",
		})
	}
	return list
}
