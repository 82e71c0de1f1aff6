package send_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"sidehook/relay/send"
)

// A webhook's own authorities, client certificate and server name: with them
// the receiver is reached, and without one of them the reason says which.
func TestOwnTLS(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	mine, foreign := ca.issue(nil), other.issue(nil)
	config := serves(ca.issue(func(c *x509.Certificate) { c.IPAddresses = nil }))
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	address := rawTLS(t, config, func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
		if request(r) {
			io.WriteString(c, answer200)
			io.Copy(io.Discard, r)
		}
	})
	whole := send.TLS{Roots: ca.pool, Certificate: &mine, ServerName: "receiver.test"}
	with := func(change func(*send.TLS)) func(*send.Settings, *send.Options) {
		t := whole
		change(&t)
		return func(s *send.Settings, _ *send.Options) { s.TLS = t }
	}
	for _, c := range []hostile{
		{name: "whole", address: address, status: ok, code: 200, set: with(func(*send.TLS) {})},
		{name: "no authority", address: address, status: not, set: with(func(t *send.TLS) { t.Roots = nil }), err: "certificate signed by unknown authority"},
		{name: "another authority", address: address, status: not, set: with(func(t *send.TLS) { t.Roots = other.pool }), err: "certificate signed by unknown authority"},
		{name: "no server name", address: address, status: not, set: with(func(t *send.TLS) { t.ServerName = "" }), err: "cannot validate certificate for 127.0.0.1"},
		{name: "another server name", address: address, status: not, set: with(func(t *send.TLS) { t.ServerName = "other.test" }), err: "certificate is valid for receiver.test, not other.test"},
		{name: "no certificate", address: address, status: not, set: with(func(t *send.TLS) { t.Certificate = nil }), err: "the receiver demands a client certificate"},
		{name: "another's certificate", address: address, status: not, set: with(func(t *send.TLS) { t.Certificate = &foreign }), err: "the receiver refuses the client certificate of tls.cert_file: "},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, other.pool) })
	}
}

// A connection with TLS is kept, too. What a receiver sends after the handshake, such as
// tickets for another one, is no answer to nothing.
func TestKeptTLS(t *testing.T) {
	ca := newAuthority(t)
	var conns atomic.Int32
	address := rawTLS(t, serves(ca.issue(nil)), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
		conns.Add(1)
		for request(r) {
			io.WriteString(c, answer200)
		}
	})
	q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
	const events = 5
	for n := range events {
		q.add(strconv.Itoa(n))
		q.wait(t, n+1)
	}
	if conns.Load() != 1 || len(q.ended()) != events {
		t.Errorf("%d connections for %d events: %s", conns.Load(), events, show(q.all()))
	}
}

// corked is a connection on which what is written arrives at once, when the other side is
// waited for.
type corked struct {
	*net.TCPConn
	out *bufio.Writer
}

func (c corked) Write(p []byte) (int, error) { return c.out.Write(p) }

func (c corked) Read(p []byte) (int, error) {
	if err := c.out.Flush(); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(p)
}

// What follows an answer is not the answer to the next request, also if TLS has read it
// together with the first.
func TestTwoAnswersByTLS(t *testing.T) {
	ca := newAuthority(t)
	address := "https://" + listen(t, func(c *net.TCPConn) {
		secure := tls.Server(corked{c, bufio.NewWriter(c)}, serves(ca.issue(nil)))
		for r := bufio.NewReader(secure); request(r); {
			io.WriteString(secure, answer200)
			io.WriteString(secure, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
		}
	})
	q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
	for n := range 3 {
		q.add(strconv.Itoa(n))
		if l := q.wait(t, n+1)[n]; l.Code != 200 {
			t.Errorf("event %d: got %d", n, l.Code)
		}
	}
}
