package dial_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"sidehook/relay/dial"
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func listensOn(texts ...string) func() []netip.AddrPort {
	var list []netip.AddrPort
	for _, text := range texts {
		list = append(list, netip.MustParseAddrPort(text))
	}
	return func() []netip.AddrPort { return list }
}

func control(g *dial.Guard, addr string, port uint16) error {
	a := netip.MustParseAddr(addr)
	network := "tcp4"
	if a.Is6() {
		network = "tcp6"
	}
	return g.Control(context.Background(), network, netip.AddrPortFrom(a, port).String(), nil)
}

func TestRefusedSaysWhatLiftsIt(t *testing.T) {
	g := dial.NewGuard(nil, listensOn("127.0.0.1:4665"))
	for addr, want := range map[string]string{
		"127.0.0.2":      "127.0.0.2 is a loopback address (127.0.0.0/8); allow: [127.0.0.0/8] would permit it",
		"::ffff:8.8.8.8": "::ffff:8.8.8.8 is an IPv4-mapped address (::ffff:0:0/96); allow: [8.8.8.8/32] would permit it",
		"fe80::1%eth0":   "fe80::1%eth0 is a link-local address (fe80::/10); allow: [fe80::/10] would permit it",
		"127.0.0.1":      "127.0.0.1 is sidehook's own listener (port 4665), which cannot be allowed",
	} {
		if err := control(g, addr, 4665); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", addr, err, want)
		}
	}
}

func TestAllow(t *testing.T) {
	for _, test := range []struct {
		allow, addr string
		permitted   bool
	}{
		{"10.1.0.0/16", "10.1.2.3", true},
		{"10.1.0.0/16", "10.2.2.3", false},
		{"10.1.0.0/16", "::ffff:10.1.2.3", true},
		{"10.1.0.0/16", "64:ff9b::10.1.2.3", false},
		{"10.1.0.0/16", "2002:a01:203::", false},
		{"10.1.0.0/16", "::10.1.2.3", false},
		{"::/0", "10.1.2.3", false},
		{"::/0", "::ffff:10.1.2.3", false},
		{"0.0.0.0/0", "::1", false},
		{"0.0.0.0/0", "127.0.0.1", true},
		{"::1/128", "::1", true},
		{"fe80::/10", "fe80::1%eth0", true},
		{"169.254.169.254/32", "169.254.169.253", false},
	} {
		err := control(dial.NewGuard(prefixes(test.allow), nil), test.addr, 443)
		if (err == nil) != test.permitted {
			t.Errorf("allow %s: %s: %v, want permitted %v", test.allow, test.addr, err, test.permitted)
		}
	}
}

// G1: an event that a webhook sends to the listener would come round again.
func TestOwnListenerIsRefused(t *testing.T) {
	machine := "127.0.0.1"
	if list, err := net.InterfaceAddrs(); err == nil {
		for _, one := range list {
			if p, err := netip.ParsePrefix(one.String()); err == nil && p.Addr().Is4() {
				machine = p.Addr().String() // the last one; loopback if there is no other
			}
		}
	}
	for _, test := range []struct {
		listens, addr string
		port          uint16
		refused       bool
	}{
		{"127.0.0.1:4665", "127.0.0.1", 4665, true},
		{"127.0.0.1:4665", "127.0.0.1", 4666, false},
		{"127.0.0.1:4665", "127.0.0.2", 4665, false},
		{"127.0.0.1:4665", "::ffff:127.0.0.1", 4665, true},
		{"127.0.0.1:4665", "0.0.0.0", 4665, true},
		{"127.0.0.1:4665", "::", 4665, true},
		{"[::1]:4665", "::1", 4665, true},
		{"[::ffff:127.0.0.1]:4665", "127.0.0.1", 4665, true},
		{"[fe80::1%eth0]:4665", "fe80::1%eth1", 4665, true},
		{"8.8.8.8:443", "8.8.8.8", 443, true},
		{"8.8.8.8:443", "8.8.4.4", 443, false},
		{"8.8.8.8:443", "0.0.0.0", 443, false},
		{"0.0.0.0:4665", "127.0.0.9", 4665, true},
		{"0.0.0.0:4665", "::1", 4665, true},
		{"[::]:4665", "::", 4665, true},
		{"[::]:4665", "127.0.0.1", 4665, true},
		{"[::]:4665", machine, 4665, true},
		{"[::]:4665", "8.8.8.8", 4665, false},
		{"[::]:4665", machine, 4666, false},
	} {
		g := dial.NewGuard(prefixes("0.0.0.0/0", "::/0"), listensOn("192.0.2.1:1", test.listens))
		err := control(g, test.addr, test.port)
		var refused *dial.Refused
		if errors.As(err, &refused) != test.refused || test.refused && refused.Allow != "" {
			t.Errorf("listening on %s: dial %s port %d: %v, want refused %v", test.listens, test.addr, test.port, err, test.refused)
		}
	}
}

func TestControlRefusesWhatIsNotTCP(t *testing.T) {
	g := dial.NewGuard(nil, nil)
	for _, test := range []struct{ network, address string }{
		{"udp4", "8.8.8.8:53"},
		{"unix", "/run/docker.sock"},
		{"tcp4", "/run/docker.sock"},
		{"tcp4", "example.com:443"},
	} {
		if err := g.Control(context.Background(), test.network, test.address, nil); err == nil {
			t.Errorf("%s %s is permitted", test.network, test.address)
		}
	}
}

// The guard as it is used: a name that resolves to this machine, and forms of
// its address that only the dialer takes apart.
func TestDialer(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own := netip.MustParseAddrPort(l.Addr().String())
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for name, test := range map[string]struct {
		host    string
		guard   *dial.Guard
		refused bool
	}{
		"name":               {"localhost", dial.NewGuard(nil, nil), true},
		"address":            {"127.0.0.1", dial.NewGuard(nil, nil), true},
		"mapped":             {"::ffff:127.0.0.1", dial.NewGuard(nil, nil), true},
		"unspecified":        {"0.0.0.0", dial.NewGuard(nil, nil), true},
		"allowed":            {"127.0.0.1", dial.NewGuard(prefixes("127.0.0.0/8"), nil), false},
		"mapped and allowed": {"::ffff:127.0.0.1", dial.NewGuard(prefixes("127.0.0.0/8"), nil), false},
		"own": {"127.0.0.1", dial.NewGuard(prefixes("127.0.0.0/8"), func() []netip.AddrPort {
			return []netip.AddrPort{own}
		}), true},
	} {
		t.Run(name, func(t *testing.T) {
			d := net.Dialer{Timeout: 5 * time.Second, ControlContext: test.guard.Control}
			c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(test.host, port))
			if err == nil {
				c.Close()
			}
			var refused *dial.Refused
			if errors.As(err, &refused) != test.refused || err != nil && !test.refused {
				t.Errorf("got %v, want refused %v", err, test.refused)
			}
		})
	}
}

func BenchmarkControl(b *testing.B) {
	g := dial.NewGuard(prefixes("10.0.0.0/8"), listensOn("127.0.0.1:4665"))
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Control(context.Background(), "tcp4", "93.184.215.14:443", nil); err != nil {
			b.Fatal(err)
		}
	}
}
