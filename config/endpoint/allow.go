package endpoint

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
	Prefixes    []netip.Prefix // private, loopback and link-local addresses that may be reached
}

// Equal reports whether both lift the same rules.
func (a Allow) Equal(o Allow) bool {
	return a.HTTP == o.HTTP && a.AnyHost == o.AnyHost && a.ShortSecret == o.ShortSecret &&
		slices.Equal(a.Prefixes, o.Prefixes)
}

// Rules returns the rules that a lifts for a URL.
func (a Allow) Rules() Rules { return Rules{HTTP: a.HTTP, AnyHost: a.AnyHost} }

// Liftable are the words for rules that may be lifted; a CIDR may be, too.
func Liftable() []string { return []string{"http", "any-host", "short-secret"} }

// Words returns the rules lifted, as the file has them.
func (a Allow) Words() []string {
	var words []string
	for i, lifted := range []bool{a.HTTP, a.AnyHost, a.ShortSecret} {
		if lifted {
			words = append(words, Liftable()[i])
		}
	}
	for _, p := range a.Prefixes {
		words = append(words, p.String())
	}
	return words
}

// ReadAllow reads the rules that are lifted.
func ReadAllow(r *yamlnode.Reader, v *yamlnode.Value, into *Allow) {
	items := r.Items(v, "write allow: [http]")
	*into = Allow{}
	for i := range items {
		t, ok := r.Known(&items[i])
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
			allowPrefix(r, t, into)
		}
	}
	for _, family := range Covered(into.Prefixes) {
		r.Warn(v, "allows every "+family+" address, including those of this machine and its network", "list the blocks that the receiver is in, such as 10.0.0.0/8")
	}
}

// allowPrefix adds a block of addresses that may be reached.
func allowPrefix(r *yamlnode.Reader, t yamlnode.Text, allow *Allow) {
	prefix, err := netip.ParsePrefix(t.String())
	hint := r.Suggest(t, Liftable())
	if ip, err := netip.ParseAddr(t.String()); err == nil && !t.Hidden() {
		hint = "write " + netip.PrefixFrom(ip, ip.BitLen()).String()
	}
	if err != nil {
		r.Fail(t.At, "must be "+yamlnode.Or(append(Liftable(), "a CIDR such as 10.0.0.0/8"))+", not "+t.Show(), hint)
	} else if flaw := CheckBlock(prefix); flaw.Message != "" {
		r.Fail(t.At, flaw.Message, flaw.Hint)
	} else {
		allow.Prefixes = append(allow.Prefixes, prefix)
	}
}
