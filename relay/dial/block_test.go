package dial_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"code.dny.dev/ssrf"

	"sidehook/relay/dial"
)

func TestPublicAddressesArePermitted(t *testing.T) {
	g := dial.NewGuard(nil, nil)
	for _, addr := range strings.Fields(`
		1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0
		100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
		169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
		191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0
		192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0
		192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0
		192.175.47.255 192.175.49.0 198.17.255.255 198.20.0.0
		198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
		2000:: 2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::
		2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003::
		2606:4700:4700::1111 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff 2620:4f:8001::
		3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000::`) {
		if err := control(g, addr, 443); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestSpecialAddressesAreRefused(t *testing.T) {
	g := dial.NewGuard(nil, nil)
	for says, addrs := range map[string]string{
		"the unspecified address (0.0.0.0/32)":      "0.0.0.0 ::ffff:0.0.0.0",
		`"this network" (0.0.0.0/8)`:                "0.0.0.1 0.255.255.255",
		"a private address (10.0.0.0/8)":            "10.0.0.0 10.255.255.255 ::ffff:10.0.0.1 ::ffff:a00:1",
		"carrier-grade NAT address (100.64.0.0/10)": "100.64.0.0 100.100.100.200 100.127.255.255",
		"a loopback address (127.0.0.0/8)":          "127.0.0.0 127.0.0.1 127.255.255.255 ::ffff:127.0.0.1",
		"link-local address (169.254.0.0/16)":       "169.254.0.0 169.254.169.254 169.254.255.255 ::ffff:169.254.169.254",
		"a private address (172.16.0.0/12)":         "172.16.0.0 172.31.255.255",
		"IETF protocol assignment (192.0.0.0/24)":   "192.0.0.0 192.0.0.171 192.0.0.192 192.0.0.255",
		"documentation address (192.0.2.0/24)":      "192.0.2.0 192.0.2.255",
		"AS112 address (192.31.196.0/24)":           "192.31.196.0 192.31.196.255",
		"AMT address (192.52.193.0/24)":             "192.52.193.0 192.52.193.255",
		"6to4 relay address (192.88.99.0/24)":       "192.88.99.0 192.88.99.255",
		"a private address (192.168.0.0/16)":        "192.168.0.0 192.168.255.255",
		"AS112 address (192.175.48.0/24)":           "192.175.48.0 192.175.48.255",
		"benchmarking address (198.18.0.0/15)":      "198.18.0.0 198.19.255.255",
		"documentation address (198.51.100.0/24)":   "198.51.100.0 198.51.100.255",
		"documentation address (203.0.113.0/24)":    "203.0.113.0 203.0.113.255",
		"multicast address (224.0.0.0/4)":           "224.0.0.0 239.255.255.255",
		"reserved address (240.0.0.0/4)":            "240.0.0.0 255.255.255.254",
		"broadcast address (255.255.255.255/32)":    "255.255.255.255",
		"unspecified address (::/128)":              "::",
		"loopback address (::1/128)":                "::1 ::1%lo",
		"IPv4-compatible address (::/96)":           "::2 ::127.0.0.1 ::8.8.8.8 ::ffff:ffff",
		"IPv4-mapped address (::ffff:0:0/96)":       "::ffff:8.8.8.8 ::ffff:1.1.1.1",
		"IPv4-translated address (::ffff:0:0:0/96)": "::ffff:0:10.0.0.1",
		"a NAT64 address (64:ff9b::/96)":            "64:ff9b:: 64:ff9b::8.8.8.8 64:ff9b::7f00:1 64:ff9b::ffff:ffff",
		"local NAT64 address (64:ff9b:1::/48)":      "64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:10.0.0.1",
		"discard-only address (100::/64)":           "100:: 100::ffff:ffff:ffff:ffff",
		"dummy address (100:0:0:1::/64)":            "100:0:0:1::",
		"Teredo address (2001::/32)":                "2001:: 2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
		"protocol assignment (2001::/23)":           "2001:1::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
		"benchmarking address (2001:2::/48)":        "2001:2:: 2001:2:0:ffff:ffff:ffff:ffff:ffff",
		"AMT address (2001:3::/32)":                 "2001:3:: 2001:3:ffff:ffff:ffff:ffff:ffff:ffff",
		"AS112 address (2001:4:112::/48)":           "2001:4:112:: 2001:4:112:ffff:ffff:ffff:ffff:ffff",
		"ORCHID address (2001:10::/28)":             "2001:10:: 2001:1f:ffff:ffff:ffff:ffff:ffff:ffff",
		"ORCHIDv2 address (2001:20::/28)":           "2001:20:: 2001:2f:ffff:ffff:ffff:ffff:ffff:ffff",
		"drone remote ID address (2001:30::/28)":    "2001:30:: 2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
		"documentation address (2001:db8::/32)":     "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"6to4 address (2002::/16)":                  "2002:: 2002:a00:1:: 2002:808:808::1 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"AS112 address (2620:4f:8000::/48)":         "2620:4f:8000:: 2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
		"documentation address (3fff::/20)":         "3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
		"segment routing address (5f00::/16)":       "5f00::1",
		"a private address (fc00::/7)":              "fc00:: fd00:ec2::254 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"link-local address (fe80::/10)":            "fe80::1 fe80::1%eth0 febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"site-local address (fec0::/10)":            "fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"multicast address (ff00::/8)":              "ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"not an address in public use":              "1::1 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000:: 64:ff9b:2:: fbff::",
	} {
		for _, addr := range strings.Fields(addrs) {
			err := control(g, addr, 443)
			var refused *dial.Refused
			if !errors.As(err, &refused) {
				t.Errorf("%s: got %v, want it refused", addr, err)
				continue
			}
			if !strings.Contains(refused.Rule, says) || refused.Addr != netip.MustParseAddr(addr) {
				t.Errorf("%s: %v, want %q", addr, refused, says)
			}
			if err := control(dial.NewGuard(prefixes(refused.Allow), nil), addr, 443); err != nil {
				t.Errorf("%s: still refused with what was said to lift it: %v", addr, err)
			}
		}
	}
}

// Every block of the table we build on has a name of its own here, so that a
// new version of it is noticed.
func TestEveryBlockIsNamed(t *testing.T) {
	g := dial.NewGuard(nil, nil)
	for _, p := range slices.Concat(ssrf.IPv4DeniedPrefixes, ssrf.IPv6DeniedPrefixes) {
		err := control(g, p.Addr().String(), 443)
		var refused *dial.Refused
		if !errors.As(err, &refused) || strings.Contains(refused.Rule, "public use") {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// FuzzControl: an address is refused if the standard library, too, knows that
// it is not public, and then what is said to lift the refusal does.
func FuzzControl(f *testing.F) {
	for _, addr := range []string{"127.0.0.1", "8.8.8.8", "::ffff:10.0.0.1", "2606:4700::1", "64:ff9b::1", "ff02::1"} {
		f.Add(netip.MustParseAddr(addr).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			t.Skip("no address")
		}
		u := a.Unmap()
		special := !u.IsGlobalUnicast() || u.IsPrivate() || a.Is4In6() || a.Is6() && raw[0]>>5 != 1
		err := control(dial.NewGuard(nil, nil), a.String(), 443)
		if special && err == nil {
			t.Fatalf("%s is permitted", a)
		}
		var refused *dial.Refused
		if !errors.As(err, &refused) {
			return
		}
		if err := control(dial.NewGuard(prefixes(refused.Allow), nil), a.String(), 443); err != nil {
			t.Errorf("%v; but with it: %v", refused, err)
		}
	})
}
