package endpoint

import "net/netip"

// CheckBlock returns the flaw of a block of addresses, the zero Flaw if it is valid.
func CheckBlock(block netip.Prefix) Flaw {
	switch {
	case block != block.Masked():
		return Flaw{"has bits set after its prefix length", "write " + block.Masked().String()}
	case block.Addr().Is4In6():
		return Flaw{"is an IPv4 block in the form of IPv6, which no address matches", "write the IPv4 block"}
	}
	return Flaw{}
}

// Covered returns the families, IPv4 and IPv6, of which every address is in one of
// the blocks.
func Covered(blocks []netip.Prefix) (families []string) {
	if covers(blocks, netip.PrefixFrom(netip.IPv4Unspecified(), 0)) {
		families = append(families, "IPv4")
	}
	if covers(blocks, netip.PrefixFrom(netip.IPv6Unspecified(), 0)) {
		families = append(families, "IPv6")
	}
	return families
}

// covers reports whether every address of block is in one of blocks.
func covers(blocks []netip.Prefix, block netip.Prefix) bool {
	var within []netip.Prefix
	for _, b := range blocks {
		switch {
		case b.Bits() <= block.Bits() && b.Contains(block.Addr()):
			return true
		case block.Contains(b.Addr()):
			within = append(within, b)
		}
	}
	if len(within) < 2 { // a single smaller block cannot cover both halves
		return false
	}
	low := netip.PrefixFrom(block.Addr(), block.Bits()+1)
	bytes := block.Addr().AsSlice()
	bytes[block.Bits()/8] |= 0x80 >> (block.Bits() % 8)
	middle, _ := netip.AddrFromSlice(bytes)
	return covers(within, low) && covers(within, netip.PrefixFrom(middle, block.Bits()+1))
}
