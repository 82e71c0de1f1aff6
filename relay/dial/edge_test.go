package dial_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"sidehook/relay/dial"
)

// edges holds every special-purpose block of the IANA registries, and the forms
// of IPv6 that embed an IPv4 address or a site. Their first, middle and last
// addresses are refused as of the block, and so are those that also names;
// below and above it is said what the neighbours are: permitted, or of which
// other block.
var edges = []struct {
	block, name  string
	below, above string
	first, last  string // of a smaller block at that end
	also         string
}{
	{block: "0.0.0.0/8", name: `an address of "this network"`, below: none, above: permitted, first: "0.0.0.0/32", also: "0.0.0.1"},
	{block: "10.0.0.0/8", name: "a private address", below: permitted, above: permitted},
	{block: "100.64.0.0/10", name: "a carrier-grade NAT address", below: permitted, above: permitted, also: "100.100.100.200"},
	{block: "127.0.0.0/8", name: "a loopback address", below: permitted, above: permitted, also: "127.0.0.1 127.1.2.3"},
	{block: "169.254.0.0/16", name: "a link-local address", below: permitted, above: permitted, also: "169.254.169.254 169.254.170.2"},
	{block: "172.16.0.0/12", name: "a private address", below: permitted, above: permitted},
	{block: "192.0.0.0/24", name: "an IETF protocol assignment", below: permitted, above: permitted, also: "192.0.0.7 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171 192.0.0.192"},
	{block: "192.0.2.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "192.31.196.0/24", name: "an AS112 address", below: permitted, above: permitted},
	{block: "192.52.193.0/24", name: "an AMT address", below: permitted, above: permitted},
	{block: "192.88.99.0/24", name: "a 6to4 relay address", below: permitted, above: permitted, also: "192.88.99.1 192.88.99.2"},
	{block: "192.168.0.0/16", name: "a private address", below: permitted, above: permitted},
	{block: "192.175.48.0/24", name: "an AS112 address", below: permitted, above: permitted},
	{block: "198.18.0.0/15", name: "a benchmarking address", below: permitted, above: permitted},
	{block: "198.51.100.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "203.0.113.0/24", name: "a documentation address", below: permitted, above: permitted},
	{block: "224.0.0.0/4", name: "a multicast address", below: permitted, above: "240.0.0.0/4", also: "224.0.0.1 239.255.255.250"},
	{block: "240.0.0.0/4", name: "a reserved address", below: "224.0.0.0/4", above: none, last: "255.255.255.255/32"},

	{block: "::/128", name: "the unspecified address", below: none, above: "::1/128"},
	{block: "::1/128", name: "a loopback address", below: "::/128", above: "::/96", also: "::1%lo"},
	{block: "::/96", name: "an IPv4-compatible address", below: none, above: unused, first: "::/128", also: "::2"},
	{block: "::ffff:0:0:0/96", name: "an IPv4-translated address", below: unused, above: unused},
	{block: "64:ff9b::/96", name: "a NAT64 address", below: unused, above: unused},
	{block: "64:ff9b:1::/48", name: "a local NAT64 address", below: unused, above: unused},
	{block: "100::/64", name: "a discard-only address", below: unused, above: "100:0:0:1::/64"},
	{block: "100:0:0:1::/64", name: "a dummy address", below: "100::/64", above: unused},
	{block: "2001::/23", name: "an IETF protocol assignment", below: permitted, above: permitted, first: "2001::/32", also: "2001:1::1 2001:1::2 2001:1::3 2001:4:111:: 2001:5::"},
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
	{block: "fc00::/7", name: "a private address", below: unused, above: unused, also: "fd00:ec2::254 fdff:ffff::1"},
	{block: "fe80::/10", name: "a link-local address", below: unused, above: "fec0::/10", also: "fe80::1 fe80::1%eth0 fe80::a9fe:a9fe"},
	{block: "fec0::/10", name: "a site-local address", below: "fe80::/10", above: "ff00::/8"},
	{block: "ff00::/8", name: "a multicast address", below: "fec0::/10", above: none, also: "ff02::1 ff05::2 ff0e::1"},

	// All of IPv6 that is in public use, and what lies about it.
	{block: "2000::/3", name: permitted, below: unused, above: unused},
	// The addresses in this one are tried as forms of IPv4 addresses.
	{block: "::ffff:0:0/96", name: mapped, below: unused, above: unused},
}

const (
	permitted = "permitted"
	unused    = "not an address in public use"
	none      = "" // there is no address
	// mapped addresses are refused even where the IPv4 address is not: the
	// system may dial one as the other.
	mapped = "an IPv4-mapped address (::ffff:0:0/96)"
)

// forms are how IPv6 addresses embed an IPv4 address, and what they then are,
// whichever address it is.
var forms = []struct {
	name, is string
	embed    func(v4 [4]byte) netip.Addr
}{
	{"mapped", mapped, under("::ffff:0:0", 12)},
	{"compatible", "::/96", under("::", 12)},
	{"translated", "::ffff:0:0:0/96", under("::ffff:0:0:0", 12)},
	{"NAT64", "64:ff9b::/96", under("64:ff9b::", 12)},
	{"local NAT64", "64:ff9b:1::/48", under("64:ff9b:1::", 12)},
	{"local NAT64, about the byte that RFC 6052 keeps free", "64:ff9b:1::/48", func(a [4]byte) netip.Addr {
		return netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 0, 1, a[0], a[1], 0, a[2], a[3]})
	}},
	{"6to4", "2002::/16", under("2002::1", 2)},
	{"Teredo server", "2001::/32", under("2001::", 4)},
	{"Teredo client", "2001::/32", func(a [4]byte) netip.Addr {
		return under("2001:0:808:808:8000:fc17::", 12)([4]byte{^a[0], ^a[1], ^a[2], ^a[3]})
	}},
	{"ISATAP, link-local", "fe80::/10", under("fe80::5efe:0:0", 12)},
	{"ISATAP, site-local", "fec0::/10", under("fec0::200:5efe:0:0", 12)},
	{"ISATAP, private", "fc00::/7", under("fd00::5efe:0:0", 12)},
	// A public prefix is what is dialled by.
	{"ISATAP, public", permitted, under("2606:4700::5efe:0:0", 12)},
}

// under puts IPv4 addresses in place of the four bytes at that place of an
// IPv6 address.
func under(v6 string, at int) func(v4 [4]byte) netip.Addr {
	return func(v4 [4]byte) netip.Addr {
		b := netip.MustParseAddr(v6).As16()
		copy(b[at:], v4[:])
		return netip.AddrFrom16(b)
	}
}

// Each special address is refused as what it is and with what would lift that,
// in its own form and in those that embed it; the addresses beside a block are
// what they are.
func TestSpecialAddresses(t *testing.T) {
	guard := dial.NewGuard(nil, nil)
	names := map[string]string{"0.0.0.0/32": "the unspecified address", "255.255.255.255/32": "the broadcast address"}
	for _, e := range edges {
		names[e.block] = e.name
	}
	tried, free := map[netip.Addr]bool{}, 0
	is := func(a netip.Addr, what string) {
		t.Helper()
		tried[a] = true
		err := control(guard, a.String(), 443)
		if what == permitted {
			free++
			if err != nil {
				t.Errorf("%s: %v, want it permitted", a, err)
			}
			return
		}
		var refused *dial.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want it refused", a, err)
			return
		}
		want := what
		if name, ok := names[what]; ok {
			want = fmt.Sprintf("%s (%s)", name, what)
		}
		if refused.Rule != want || refused.Addr != a {
			t.Errorf("%s: %s is said to be %s, want %s", a, refused.Addr, refused.Rule, want)
		}
		if err := control(dial.NewGuard(prefixes(refused.Allow), nil), a.String(), 443); err != nil {
			t.Errorf("%s: still refused with what was said to lift it: %v", a, err)
		}
	}
	// inEveryForm tries a, which is what, and if it is of IPv4 all that embeds it.
	inEveryForm := func(a netip.Addr, what string) {
		t.Helper()
		is(a, what)
		if !a.Is4() {
			return
		}
		for _, f := range forms {
			switch {
			case f.is == mapped && what != permitted:
				is(f.embed(a.As4()), what)
			case f.is == "::/96" && a.IsUnspecified():
				is(f.embed(a.As4()), "::/128")
			case f.is == "::/96" && a == netip.MustParseAddr("0.0.0.1"):
				is(f.embed(a.As4()), "::1/128")
			default:
				is(f.embed(a.As4()), f.is)
			}
		}
	}
	for _, e := range edges {
		p := netip.MustParsePrefix(e.block)
		first, last := p.Addr(), lastOf(p)
		for _, beside := range []struct {
			addr netip.Addr
			what string
		}{{first.Prev(), e.below}, {last.Next(), e.above}} {
			if beside.addr.IsValid() != (beside.what != none) {
				t.Errorf("%s: beside it is %v, want %q", e.block, beside.addr, beside.what)
			} else if beside.addr.IsValid() {
				is(beside.addr, beside.what)
			}
		}
		if e.name == mapped {
			continue
		}
		what := e.block
		if e.name == permitted {
			what = permitted
		}
		inEveryForm(first, cmp.Or(e.first, what))
		if !p.IsSingleIP() {
			inEveryForm(lastOf(netip.PrefixFrom(first, p.Bits()+1)).Next(), what)
			inEveryForm(last, cmp.Or(e.last, what))
		}
		for _, a := range strings.Fields(e.also) {
			inEveryForm(netip.MustParseAddr(a), what)
		}
	}
	for _, a := range strings.Fields("1.0.0.0 1.1.1.1 8.8.8.8 93.184.215.14 192.0.1.0 192.0.1.255 223.255.255.255") {
		inEveryForm(netip.MustParseAddr(a), permitted)
	}
	// 3ffe::/16 was the 6bone's, and is a public prefix like any other since.
	for _, a := range strings.Fields("2000:: 2003:: 2400:: 2606:4700:4700::1111 2a00:: 3ffe:: 3ffe:501::1 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff") {
		is(netip.MustParseAddr(a), permitted)
	}
	for _, a := range strings.Fields("1::1 64:ff9b:2:: 1000:: 4000:: 8000:: c000:: e000:: fbff:: fe00:: fe7f::") {
		is(netip.MustParseAddr(a), unused)
	}
	if len(tried) < 580 || free < 50 {
		t.Errorf("%d addresses were tried, %d of them permitted", len(tried), free)
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
