package dial

import (
	"fmt"
	"net/netip"
)

// block is a range of addresses and its name, for error messages. It decides nothing:
// whether an address is refused does not depend on it.
type block struct {
	prefix netip.Prefix
	name   string
}

// blocks are the IANA special-purpose registries, multicast, and the deprecated forms of
// IPv6 that embed an IPv4 address or a site. A nested block is before its parent.
var blocks = []block{
	{cidr("0.0.0.0/32"), "the unspecified address"},
	{cidr("0.0.0.0/8"), `an address of "this network"`},
	{cidr("10.0.0.0/8"), "a private address"},
	{cidr("100.64.0.0/10"), "a carrier-grade NAT address"},
	{cidr("127.0.0.0/8"), "a loopback address"},
	{cidr("169.254.0.0/16"), "a link-local address"},
	{cidr("172.16.0.0/12"), "a private address"},
	{cidr("192.0.0.0/24"), "an IETF protocol assignment"},
	{cidr("192.0.2.0/24"), "a documentation address"},
	{cidr("192.31.196.0/24"), "an AS112 address"},
	{cidr("192.52.193.0/24"), "an AMT address"},
	{cidr("192.88.99.0/24"), "a 6to4 relay address"},
	{cidr("192.168.0.0/16"), "a private address"},
	{cidr("192.175.48.0/24"), "an AS112 address"},
	{cidr("198.18.0.0/15"), "a benchmarking address"},
	{cidr("198.51.100.0/24"), "a documentation address"},
	{cidr("203.0.113.0/24"), "a documentation address"},
	{cidr("224.0.0.0/4"), "a multicast address"},
	{cidr("255.255.255.255/32"), "the broadcast address"},
	{cidr("240.0.0.0/4"), "a reserved address"},

	{cidr("::/128"), "the unspecified address"},
	{cidr("::1/128"), "a loopback address"},
	{cidr("::/96"), "an IPv4-compatible address"},
	{cidr("::ffff:0:0:0/96"), "an IPv4-translated address"},
	{cidr("64:ff9b::/96"), "a NAT64 address"},
	{cidr("64:ff9b:1::/48"), "a local NAT64 address"},
	{cidr("100::/64"), "a discard-only address"},
	{cidr("100:0:0:1::/64"), "a dummy address"},
	{cidr("2001::/32"), "a Teredo address"},
	{cidr("2001:2::/48"), "a benchmarking address"},
	{cidr("2001:3::/32"), "an AMT address"},
	{cidr("2001:4:112::/48"), "an AS112 address"},
	{cidr("2001:10::/28"), "an ORCHID address"},
	{cidr("2001:20::/28"), "an ORCHIDv2 address"},
	{cidr("2001:30::/28"), "a drone remote ID address"},
	{cidr("2001::/23"), "an IETF protocol assignment"},
	{cidr("2001:db8::/32"), "a documentation address"},
	{cidr("2002::/16"), "a 6to4 address"},
	{cidr("2620:4f:8000::/48"), "an AS112 address"},
	{cidr("3fff::/20"), "a documentation address"},
	{cidr("5f00::/16"), "a segment routing address"},
	{cidr("fc00::/7"), "a private address"},
	{cidr("fe80::/10"), "a link-local address"},
	{cidr("fec0::/10"), "a site-local address"},
	{cidr("ff00::/8"), "a multicast address"},
}

// explain returns the kind of a refused address, and the CIDR that allows it.
func explain(a netip.Addr) (rule, allow string) {
	dialed := a.Unmap()
	for _, b := range blocks {
		if b.prefix.Contains(dialed) {
			return fmt.Sprintf("%s (%s)", b.name, b.prefix), b.prefix.String()
		}
	}
	self := netip.PrefixFrom(dialed, dialed.BitLen()).String()
	if a.Is4In6() {
		return "an IPv4-mapped address (::ffff:0:0/96)", self
	}
	return "not an address in public use", self
}

func cidr(s string) netip.Prefix { return netip.MustParsePrefix(s) }
