package database

import (
	"net"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// host is one of the servers that an address names.
type host struct {
	name string
	ways []*pgconn.FallbackConfig // with TLS and without it, if either will do
}

// hosts is in which order the servers are tried. The one that took the last connection is
// the primary, so it comes first; after it has failed, it comes last, because one that is
// cut off costs each try the time-out. It is for concurrent use.
type hosts struct {
	all []*host // as the address has them

	mu      sync.Mutex
	primary *host // nil: not known
	former  *host // it has failed, and no other is known to be the primary since; nil: none
}

// hostsOf returns those of a configuration.
func hostsOf(c *pgconn.Config) *hosts {
	hs := &hosts{}
	for _, way := range append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...) {
		name := net.JoinHostPort(way.Host, strconv.Itoa(int(way.Port)))
		if n := len(hs.all); n == 0 || hs.all[n-1].name != name {
			hs.all = append(hs.all, &host{name: name})
		}
		last := hs.all[len(hs.all)-1]
		last.ways = append(last.ways, way)
	}
	return hs
}

// order returns the hosts in the order in which to try them.
func (hs *hosts) order() []*host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	list := make([]*host, 0, len(hs.all))
	if hs.primary != nil {
		list = append(list, hs.primary)
	}
	for _, h := range hs.all {
		if h != hs.primary && h != hs.former {
			list = append(list, h)
		}
	}
	if hs.former != nil {
		list = append(list, hs.former)
	}
	return list
}

// took notes that a host has accepted a connection.
func (hs *hosts) took(h *host) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.primary = h; hs.former == h {
		hs.former = nil
	}
}

// failed notes that a connection to a host was lost, or could not be made.
func (hs *hosts) failed(h *host) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.primary == h {
		hs.primary, hs.former = nil, h
	}
}

// at returns a configuration that knows only one host.
func at(c *pgconn.Config, h *host) *pgconn.Config {
	c = c.Copy()
	c.Host, c.Port, c.TLSConfig, c.Fallbacks = h.ways[0].Host, h.ways[0].Port, h.ways[0].TLSConfig, h.ways[1:]
	return c
}
