package send_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"sidehook/relay/send"
)

// zone says what the DNS answers to a question.
type zone func(dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.ResourceBody)

// resolver asks a name server of the test's own, over UDP and, where the answer
// is too long for it, over TCP.
func resolver(t *testing.T, z zone) *net.Resolver {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	go func() {
		query := make([]byte, 512)
		for {
			n, from, err := udp.ReadFrom(query)
			if err != nil {
				return
			}
			if answer := z.reply(query[:n], 512); answer != nil {
				udp.WriteTo(answer, from)
			}
		}
	}()
	tcp := listen(t, func(c *net.TCPConn) {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		io.ReadFull(c, query)
		answer := z.reply(query, 1<<16)
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		to := udp.LocalAddr().String()
		if strings.HasPrefix(network, "tcp") {
			to = tcp
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, to)
		if err == nil {
			// By itself it waits on for an answer that nobody wants any more.
			context.AfterFunc(ctx, func() { c.Close() })
		}
		return c, err
	}}
}

// reply is the answer to a query, or says that it does not fit; nil for none.
func (z zone) reply(query []byte, room int) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	code, records := z(q)
	if code == silence {
		return nil
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RCode: code}
	m.Additionals = nil
	for _, r := range records {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: r})
	}
	answer, err := m.Pack()
	if len(answer) > room {
		m.Truncated, m.Answers = true, nil
		answer, err = m.Pack()
	}
	if err != nil {
		panic(err)
	}
	return answer
}

// silence is no answer at all.
const silence dnsmessage.RCode = 0xffff

// has answers with these addresses.
func has(addresses ...string) zone {
	return func(q dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
		var records []dnsmessage.ResourceBody
		for _, text := range addresses {
			a := netip.MustParseAddr(text)
			if q.Type == dnsmessage.TypeA && a.Is4() {
				records = append(records, &dnsmessage.AResource{A: a.As4()})
			} else if q.Type == dnsmessage.TypeAAAA && a.Is6() {
				records = append(records, &dnsmessage.AAAAResource{AAAA: a.As16()})
			}
		}
		return dnsmessage.RCodeSuccess, records
	}
}

func rcode(code dnsmessage.RCode) zone {
	return func(dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.ResourceBody) { return code, nil }
}

// asks has a delivery use the zone.
func asks(t *testing.T, z zone) func(*send.Settings, *send.Options) {
	r := resolver(t, z)
	return func(_ *send.Settings, o *send.Options) { o.Resolver = r }
}

// hook is a receiver by its name, at the port of another address.
func hook(address string) string {
	return "http://hook.test." + address[strings.LastIndexByte(address, ':'):]
}

// R17: the DNS has no answer, or too much of it. All of it is tried again.
func misnamed(t *testing.T) []hostile {
	loop := func(q dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
		return dnsmessage.RCodeSuccess, []dnsmessage.ResourceBody{&dnsmessage.CNAMEResource{CNAME: q.Name}}
	}
	address, _ := recorder(t, 200)
	thousand := func(block string) []string {
		var list []string
		for i := range 1000 {
			list = append(list, fmt.Sprintf("%s.%d.%d", block, 1+i/200, 1+i%200))
		}
		return list
	}
	const name = "http://hook.test./x"
	return []hostile{
		{name: "R17 NXDOMAIN", address: name, status: not, set: asks(t, rcode(dnsmessage.RCodeNameError)), err: ": there is no such name, or it has no address"},
		{name: "R17 no address", address: name, status: not, set: asks(t, has()), err: ": there is no such name, or it has no address"},
		{name: "R17 SERVFAIL", address: name, status: not, set: asks(t, rcode(dnsmessage.RCodeServerFailure)), err: ": the name server failed: server misbehaving"},
		{name: "R17 REFUSED", address: name, status: not, set: asks(t, rcode(dnsmessage.RCodeRefused)), err: ": the name server failed: server misbehaving"},
		{name: "R17 timeout", address: name, status: not, timeout: short, set: asks(t, rcode(silence)), err: "no answer of the DNS for hook.test. within timeout 1s"},
		{name: "R17 CNAME loop", address: name, status: not, set: asks(t, loop), err: ": there is no such name, or it has no address"},
		{name: "R17 1000 A records, one of them good", address: hook(address), status: ok, code: 200, set: asks(t, has(append(thousand("127.77"), "127.0.0.1")...))},
		{name: "R17 1000 A records, none permitted", address: hook(address), status: not, set: asks(t, has(thousand("10.0")...)), err: "a private address (10.0.0.0/8)"},
	}
}

// R18: what a name meant before says nothing of what it means now.
func rebinding(t *testing.T) []hostile {
	address, got := recorder(t, 200)
	var rebound atomic.Bool
	turns := func(q dnsmessage.Question) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
		if rebound.Load() {
			return has("169.254.169.254")(q)
		}
		return has("127.0.0.1")(q)
	}
	untouched := func(t *testing.T, _ line) {
		if len(got) > 1 {
			t.Errorf("%d requests came through", len(got))
		}
	}
	names := resolver(t, turns)
	first := hostile{address: hook(address), status: ok, code: 200, set: func(_ *send.Settings, o *send.Options) { o.Resolver = names }}
	first.run(t, nil)
	rebound.Store(true)
	const metadata = "169.254.169.254 is a link-local address (169.254.0.0/16); allow: [169.254.0.0/16] would permit it"
	return []hostile{
		{name: "R18 another address at the next look-up", address: first.address, status: not, set: first.set, err: metadata, check: untouched},
		{name: "R18 private addresses of both families", address: hook(address), status: not, set: asks(t, has("10.0.0.1", "fd00::1")), err: "a private address"},
		{name: "R18 a public name for loopback of IPv6", address: hook(address), status: not, set: asks(t, has("::1")), err: "::1 is a loopback address (::1/128)"},
		{name: "R18 IPv4-mapped", address: hook(address), status: not, set: asks(t, has("::ffff:169.254.169.254")), err: metadata},
		// Only the address that is permitted is connected to.
		{name: "R18 one permitted among others", address: hook(recorderOf(t)), status: ok, code: 200, set: asks(t, has("169.254.169.254", "127.0.0.1", "10.0.0.1")), check: func(t *testing.T, l line) {
			if !strings.HasPrefix(l.Remote, "127.0.0.1:") {
				t.Errorf("connected to %s", l.Remote)
			}
		}},
	}
}

func recorderOf(t *testing.T) string {
	address, _ := recorder(t, 200)
	return address
}
