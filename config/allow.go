package config

import (
	"net/netip"
	"slices"

	"sidehook/config/yamlnode"
)

// Allow holds the rules that are lifted for a webhook.
type Allow struct {
	HTTP        bool           // its URL may do without TLS
	AnyHost     bool           // its URL may name an IP address or a single label
	ShortSecret bool           // its secret may have as few as 16 characters
	Prefixes    []netip.Prefix // special-purpose addresses that may be dialled
}

// Equal reports whether both lift the same rules.
func (a Allow) Equal(o Allow) bool {
	return a.HTTP == o.HTTP && a.AnyHost == o.AnyHost && a.ShortSecret == o.ShortSecret &&
		slices.Equal(a.Prefixes, o.Prefixes)
}

// liftable are the words for rules that may be lifted; a CIDR may be, too.
func liftable() []string { return []string{"http", "any-host", "short-secret"} }

// Words returns the rules lifted, as the file has them.
func (a Allow) Words() []string {
	var words []string
	for i, lifted := range []bool{a.HTTP, a.AnyHost, a.ShortSecret} {
		if lifted {
			words = append(words, liftable()[i])
		}
	}
	return append(words, each(a.Prefixes, netip.Prefix.String)...)
}

func readAllow(l *loader, v *value, into *Allow) {
	items := l.Items(v, "write allow: [http]")
	*into = Allow{}
	for i := range items {
		t, ok := l.Known(&items[i])
		if !ok {
			continue
		}
		switch t.String() {
		case "http":
			into.HTTP = true
		case "any-host":
			into.AnyHost = true
		case "short-secret":
			into.ShortSecret = true
		default:
			l.allowPrefix(t, into)
		}
	}
	for _, family := range []struct{ all, name string }{{"0.0.0.0/0", "IPv4"}, {"::/0", "IPv6"}} {
		if covers(into.Prefixes, netip.MustParsePrefix(family.all)) {
			l.Warn(v, "allows every "+family.name+" address, including those of this machine and its network", "list the blocks that the receiver is in, such as 10.0.0.0/8")
		}
	}
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
	if len(within) < 2 { // one block is not both halves
		return false
	}
	low := netip.PrefixFrom(block.Addr(), block.Bits()+1)
	bytes := block.Addr().AsSlice()
	bytes[block.Bits()/8] |= 0x80 >> (block.Bits() % 8)
	middle, _ := netip.AddrFromSlice(bytes)
	return covers(within, low) && covers(within, netip.PrefixFrom(middle, block.Bits()+1))
}

// allowPrefix reads a block of addresses.
func (l *loader) allowPrefix(t yamlnode.Text, allow *Allow) {
	prefix, err := netip.ParsePrefix(t.String())
	hint := l.Suggest(t, liftable())
	if ip, err := netip.ParseAddr(t.String()); err == nil && !t.Hidden() {
		hint = "write " + netip.PrefixFrom(ip, ip.BitLen()).String()
	}
	switch {
	case err != nil:
		l.Fail(t.At, "must be "+yamlnode.Or(append(liftable(), "a CIDR such as 10.0.0.0/8"))+", not "+t.Show(), hint)
	case prefix != prefix.Masked():
		l.Fail(t.At, "has bits set after its prefix length", "write "+prefix.Masked().String())
	case prefix.Addr().Is4In6():
		l.Fail(t.At, "is an IPv4 block in the form of IPv6, which no address matches", "write the IPv4 block")
	default:
		allow.Prefixes = append(allow.Prefixes, prefix)
	}
}
