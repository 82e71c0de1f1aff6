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
