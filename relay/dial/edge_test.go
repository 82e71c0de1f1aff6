package dial_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"sidehook/relay/dial"
)

// edges holds every special-purpose block of the IANA registries, and the forms
// of IPv6 that embed an IPv4 address or a site. Their first and last addresses
// are refused as of the block; below and above it is said what the neighbours
// are: permitted, or of which other block.
var edges = []struct {
	block, name  string
	below, above string
	first, last  string // of a smaller block at that end
}{
	{block: "0.0.0.0/8", name: `an address of "this network"`, below: none, above: permitted, first: "0.0.0.0/32"},
	{block: "10.0.0.0/8", name: "a private address", below: permitted, above: permitted},
	{block: "100.64.0.0/10", name: "a carrier-grade NAT address", below: permitted, above: permitted},
	{block: "127.0.0.0/8", name: "a loopback address", below: permitted, above: permitted},
	{block: "169.254.0.0/16", name: "a link-local address", below: permitted, above: permitted},
	{block: "172.16.0.0/12", name: "a private address", below: permitted, above: permitted},
	{block: "192.0.0.0/24", name: "an IETF protocol assignment", below: permitted, above: permitted},
	{block: "192.0.2.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "192.31.196.0/24", name: "an AS112 address", below: permitted, above: permitted},
	{block: "192.52.193.0/24", name: "an AMT address", below: permitted, above: permitted},
	{block: "192.88.99.0/24", name: "a 6to4 relay address", below: permitted, above: permitted},
	{block: "192.168.0.0/16", name: "a private address", below: permitted, above: permitted},
	{block: "192.175.48.0/24", name: "an AS112 address", below: permitted, above: permitted},
	{block: "198.18.0.0/15", name: "a benchmarking address", below: permitted, above: permitted},
	{block: "198.51.100.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "203.0.113.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "224.0.0.0/4", name: "a multicast address", below: permitted, above: "240.0.0.0/4"},
	{block: "240.0.0.0/4", name: "a reserved address", below: "224.0.0.0/4", above: none, last: "255.255.255.255/32"},

	{block: "::/128", name: "the unspecified address", below: none, above: "::1/128"},
	{block: "::1/128", name: "a loopback address", below: "::/128", above: "::/96"},
	{block: "::/96", name: "an IPv4-compatible address", below: none, above: unused, first: "::/128"},
	{block: "::ffff:0:0:0/96", name: "an IPv4-translated address", below: unused, above: unused},
	{block: "64:ff9b::/96", name: "a NAT64 address", below: unused, above: unused},
	{block: "64:ff9b:1::/48", name: "a local NAT64 address", below: unused, above: unused},
	{block: "100::/64", name: "a discard-only address", below: unused, above: "100:0:0:1::/64"},
	{block: "100:0:0:1::/64", name: "a dummy address", below: "100::/64", above: unused},
	{block: "2001::/23", name: "an IETF protocol assignment", below: permitted, above: permitted, first: "2001::/32"},
	{block: "2001::/32", name: "a Teredo address", below: permitted, above: "2001::/23"},
	{block: "2001:2::/48", name: "a benchmarking address", below: "2001::/23", above: "2001::/23"},
	{block: "2001:3::/32", name: "an AMT address", below: "2001::/23", above: "2001::/23"},
	{block: "2001:4:112::/48", name: "an AS112 address", below: "2001::/23", above: "2001::/23"},
	{block: "2001:10::/28", name: "an ORCHID address", below: "2001::/23", above: "2001:20::/28"},
	{block: "2001:20::/28", name: "an ORCHIDv2 address", below: "2001:10::/28", above: "2001:30::/28"},
	{block: "2001:30::/28", name: "a drone remote ID address", below: "2001:20::/28", above: "2001::/23"},
	{block: "2001:db8::/32", name: "a documentation address", below: permitted, above: permitted},
	{block: "2002::/16", name: "a 6to4 address", below: permitted, above: permitted},
	{block: "2620:4f:8000::/48", name: "an AS112 address", below: permitted, above: permitted},
	{block: "3fff::/20", name: "a documentation address", below: permitted, above: permitted},
	{block: "5f00::/16", name: "a segment routing address", below: unused, above: unused},
	{block: "fc00::/7", name: "a private address", below: unused, above: unused},
	{block: "fe80::/10", name: "a link-local address", below: unused, above: "fec0::/10"},
	{block: "fec0::/10", name: "a site-local address", below: "fe80::/10", above: "ff00::/8"},
	{block: "ff00::/8", name: "a multicast address", below: "fec0::/10", above: none},

	// All of IPv6 that is in public use, and what lies about it.
	{block: "2000::/3", name: permitted, below: unused, above: unused},
	{block: "::ffff:0:0/96", name: mapped, below: unused, above: unused},
}

const (
	permitted = "permitted"
	unused    = "not an address in public use"
	none      = "" // there is no address
	// mapped addresses are refused even where the IPv4 address is not: the
	// system may dial one as the other.
	mapped = "mapped"
)

func TestEdgesOfBlocks(t *testing.T) {
	g := dial.NewGuard(nil, nil)
	names := map[string]string{"0.0.0.0/32": "the unspecified address", "255.255.255.255/32": "the broadcast address"}
	for _, e := range edges {
		names[e.block] = e.name
	}
	tried := 0
	is := func(a netip.Addr, what string) {
		t.Helper()
		tried++
		err := control(g, a.String(), 443)
		var refused *dial.Refused
		switch {
		case what == permitted:
			if err != nil {
				t.Errorf("%s: %v, want it permitted", a, err)
			}
			return
		case !errors.As(err, &refused):
			t.Errorf("%s: got %v, want it refused", a, err)
			return
		}
		want := what
		if name, ok := names[what]; ok {
			want = fmt.Sprintf("%s (%s)", name, what)
		}
		if refused.Rule != want {
			t.Errorf("%s: is said to be %s, want %s", a, refused.Rule, want)
		}
	}
	for _, e := range edges {
		p := netip.MustParsePrefix(e.block)
		first, last := p.Masked().Addr(), lastOf(p)
		if e.below != none {
			is(first.Prev(), e.below)
		} else if first.Prev().IsValid() {
			t.Errorf("%s has a neighbour below", e.block)
		}
		if e.above != none {
			is(last.Next(), e.above)
		} else if last.Next().IsValid() {
			t.Errorf("%s has a neighbour above", e.block)
		}
		switch {
		case e.name == permitted:
			is(first, permitted)
			is(last, permitted)
			continue
		case e.name == mapped:
			is(first, "0.0.0.0/32")
			is(last, "255.255.255.255/32")
			is(netip.MustParseAddr("::ffff:8.8.8.8"), "an IPv4-mapped address (::ffff:0:0/96)")
			continue
		}
		at := func(smaller string) string {
			if smaller != "" {
				return smaller
			}
			return e.block
		}
		is(first, at(e.first))
		is(last, at(e.last))
	}
	if tried < 150 {
		t.Errorf("%d addresses were tried", tried)
	}
}

// lastOf is the last address of a block.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
