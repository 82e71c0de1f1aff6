// Package dial decides which addresses a delivery may connect to. The author of a webhook's
// URL may not know this machine's network, and the name can resolve to anything. So the
// final address of each connection is checked when it is made.
//
// send sets Guard.Control as the ControlContext of its net.Dialer. The list of
// special-purpose blocks is that of code.dny.dev/ssrf, generated from the IANA
// registries. This package adds their names, the rules of allow, and the addresses of
// sidehook's own listeners.
package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// public permits all addresses outside special-purpose blocks. It never changes.
var public = ssrf.New(ssrf.WithAnyPort())

// Guard permits or refuses addresses. It is immutable and safe for concurrent
// use.
//
//	G1  The listeners' own addresses are refused, whatever is allowed.
//	G2  Addresses in allow are permitted. An IPv4-mapped address counts as its IPv4
//	    address; no other embedded address counts.
//	G3  Of all others, special-purpose addresses are refused, and also the forms of
//	    IPv6 that embed an IPv4 address, since other machines decide where they lead.
type Guard struct {
	allow []netip.Prefix
	own   func() []netip.AddrPort
}

// NewGuard returns a guard that permits public addresses and those in allow. own
// returns the addresses that the process itself listens on; it may be nil.
func NewGuard(allow []netip.Prefix, own func() []netip.AddrPort) *Guard {
	return &Guard{allow: allow, own: own}
}

// Refused is the error for an address that must not be dialed.
type Refused struct {
	Addr  netip.Addr
	Rule  string // the kind of the address, and its block
	Allow string // the CIDR to allow; empty if nothing permits the address
}

func (r *Refused) Error() string {
	if r.Allow == "" {
		return fmt.Sprintf("%s is %s, which cannot be allowed", r.Addr, r.Rule)
	}
	return fmt.Sprintf("%s is %s; allow: [%s] would permit it", r.Addr, r.Rule, r.Allow)
}

// Control is a ControlContext of net.Dialer. It returns a *Refused if the address must
// not be dialed.
func (g *Guard) Control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("dial %s: only tcp is permitted, not %s", address, network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	return g.check(to)
}

func (g *Guard) check(to netip.AddrPort) error {
	// A zone names an interface, not a destination, and no prefix contains an address
	// with a zone.
	given := to.Addr().WithZone("")
	dialed := given.Unmap()
	if g.isOwn(netip.AddrPortFrom(dialed, to.Port())) {
		return &Refused{Addr: to.Addr(), Rule: fmt.Sprintf("sidehook's own listener (port %d)", to.Port())}
	}
	for _, p := range g.allow {
		if p.Contains(dialed) {
			return nil
		}
	}
	if public.SafeAddr(given) == nil {
		return nil
	}
	rule, allow := explain(given)
	return &Refused{Addr: to.Addr(), Rule: rule, Allow: allow}
}

// isOwn reports whether a connection to the address would reach the process
// itself (G1).
func (g *Guard) isOwn(to netip.AddrPort) bool {
	if g.own == nil {
		return false
	}
	for _, own := range g.own() {
		if own.Port() != to.Port() {
			continue
		}
		listens := own.Addr().WithZone("").Unmap()
		switch {
		case listens == to.Addr():
			return true
		case to.Addr().IsUnspecified() && listens.IsLoopback():
			return true // the system dials loopback instead
		case listens.IsUnspecified() && isLocal(to.Addr()):
			return true
		}
	}
	return false
}

// isLocal reports whether a is an address of this machine. If it cannot tell, it returns
// true: a delivery can be made again, but a loop of events cannot be undone.
func isLocal(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	local, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(local, func(one net.Addr) bool {
		p, err := netip.ParsePrefix(one.String())
		return err == nil && p.Addr().WithZone("").Unmap() == a
	})
}
