// Package dial decides which addresses a delivery may connect to. A webhook's
// URL is written by people who need not know this machine's network, and its
// name can resolve to anything; so the check is made on the final address, at
// the moment of connecting, for each connection.
//
// The deliverer sets Guard.Control as the ControlContext of its net.Dialer.
// Which blocks are special-purpose is code.dny.dev/ssrf's knowledge, which is
// generated from the IANA registries; this package adds their names, what
// lifts a refusal, and the listener's own addresses.
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

// public permits what is in no special-purpose block; no guard changes it.
var public = ssrf.New(ssrf.WithAnyPort())

// Guard permits or refuses addresses. It is immutable and safe for concurrent
// use.
//
// G1: the listener's own addresses are refused, whatever is allowed.
// G2: what allow contains is permitted. An IPv4-mapped address counts as the
// IPv4 address that is dialled by it; no other embedded address is looked into.
// G3: of the rest, special-purpose addresses are refused, and forms of IPv6
// that embed an IPv4 address with them: where they lead is decided elsewhere.
type Guard struct {
	allow []netip.Prefix
	own   func() []netip.AddrPort
}

// NewGuard returns a guard that permits public addresses and those in allow.
// own tells the addresses that the process itself listens on at the time of a
// call; it may be nil.
func NewGuard(allow []netip.Prefix, own func() []netip.AddrPort) *Guard {
	return &Guard{allow: allow, own: own}
}

// Refused is the error for an address that may not be dialled.
type Refused struct {
	Addr  netip.Addr
	Rule  string // what it is, and the block it is in
	Allow string // what to allow, as a CIDR, to permit it; empty if nothing does
}

func (r *Refused) Error() string {
	if r.Allow == "" {
		return fmt.Sprintf("%s is %s; nothing lifts this", r.Addr, r.Rule)
	}
	return fmt.Sprintf("%s is %s; allow: [%s] would permit it", r.Addr, r.Rule, r.Allow)
}

// Control has the form of net.Dialer's ControlContext. It returns a *Refused
// if address may not be dialled.
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
	// A zone says through which interface, not whereto; and a prefix contains
	// no address with one.
	given := to.Addr().WithZone("")
	dialled := given.Unmap()
	if g.isOwn(netip.AddrPortFrom(dialled, to.Port())) {
		return &Refused{Addr: to.Addr(), Rule: fmt.Sprintf("sidehook's own listener (port %d)", to.Port())}
	}
	for _, p := range g.allow {
		if p.Contains(dialled) {
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

// isLocal reports whether a is an address of this machine. If that cannot be
// found out, it is taken for one: a delivery can be made again, a loop of
// events that feed themselves cannot be taken back.
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
