package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"sidehook/relay/dial"
	"sidehook/relay/send/http1"
)

const (
	// connectTimeout bounds the dial, and the TLS handshake, within an attempt.
	connectTimeout = 10 * time.Second
	// slowConnect is how long a request waits for a connection of its own alone: longer
	// than opening one takes if nothing is wrong.
	slowConnect = 500 * time.Millisecond
	// idleTimeout is how long a connection is kept alive without a request.
	idleTimeout = 90 * time.Second
)

// connections are those of one webhook while its settings are the same. They speak
// HTTP/1.1, or HTTP/2 if the receiver chooses it. The context of each request has its
// exchange.
type connections struct {
	to      *url.URL    // the receiver
	tls     *tls.Config // with it
	proxy   *proxy      // nil: none
	dialer  net.Dialer
	timeout time.Duration // of the dial, and of the TLS handshake
	http1   http1.Pool
	http2   http2

	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

// newConnections opens none yet. It ignores a proxy in the environment: that
// would bypass the address rules without the file saying so.
func newConnections(s *Settings, o Options) *connections {
	c := &connections{
		to:      s.URL,
		tls:     s.TLS.config(o.Roots),
		timeout: connectTimeout,
		open:    map[*connection]struct{}{},
	}
	if c.tls.ServerName == "" {
		c.tls.ServerName = s.URL.Hostname()
	}
	if s.Timeout <= connectTimeout {
		c.timeout = s.Timeout + time.Second // the attempt ends before, and says so
	}
	allow := s.Allow
	if s.Proxy != nil {
		c.proxy, allow = newProxy(s.Proxy, o.Roots), everywhere()
	}
	c.dialer = net.Dialer{
		Timeout:        c.timeout,
		ControlContext: dial.NewGuard(allow, o.Own).Control,
		Resolver:       o.Resolver,
	}
	c.http1 = http1.Pool{
		MaxIdle: s.Concurrency, IdleTimeout: idleTimeout, MaxHeaders: maxHeaders,
		AbsoluteURL: c.forwarded(),
	}
	c.http2.dialBy(c.connect, s.Timeout)
	return c
}

// RoundTrip makes a request on an idle connection, or on a new one.
func (c *connections) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.http2.chosen.Load() {
		resp, err := c.http2.RoundTrip(r)
		if !errors.Is(err, errChoseHTTP1) {
			return resp, err
		}
	}
	x := exchangeOf(r.Context())
	conn, dialled, err := c.obtain(r.Context())
	if errors.Is(err, errChoseHTTP2) {
		return c.RoundTrip(r)
	}
	if err != nil {
		return nil, err
	}
	reused := conn != nil
	if !reused {
		if dialled.choseHTTP2() {
			return c.http2.roundTripOn(dialled, r)
		}
		if conn, err = c.http1.Add(dialled.Conn, dialled.tcp); err != nil {
			dialled.Close()
			return nil, err
		}
	}
	x.gotConn(conn.RemoteAddr(), reused)
	if c.forwarded() {
		r = c.proxy.authorize(r)
	}
	return conn.RoundTrip(r, x)
}

// obtain returns an idle connection, or opens one. A receiver may have room for no more
// than it has, so if that takes long, a connection that becomes idle is used instead. The
// error is errChoseHTTP2 if one that requests share was opened meanwhile.
func (c *connections) obtain(ctx context.Context) (*http1.Conn, dialled, error) {
	for {
		if idle := c.http1.Get(); idle != nil {
			return idle, dialled{}, nil
		}
		dialling, stop := context.WithCancel(ctx)
		wait := c.http1.WaitAfter(slowConnect, stop)
		shared := time.AfterFunc(slowConnect, func() {
			if c.http2.chosen.Load() {
				stop()
			}
		})
		d, err := c.connect(dialling)
		shared.Stop()
		idle := wait.End()
		stopped := dialling.Err() != nil && ctx.Err() == nil
		stop()
		switch {
		case idle != nil && err == nil:
			d.Close()
			fallthrough
		case idle != nil:
			return idle, dialled{}, nil
		case err == nil || !stopped:
			return nil, d, err
		case c.http2.chosen.Load():
			return nil, dialled{}, errChoseHTTP2
		}
	}
}

// dialled is a connection to the receiver, with TLS if its URL says so.
type dialled struct {
	net.Conn
	tcp *connection
}

func (d dialled) choseHTTP2() bool {
	secure, ok := d.Conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// connect opens a connection to the receiver.
func (c *connections) connect(ctx context.Context) (dialled, error) {
	exchangeOf(ctx).pauseDialling(ctx)
	d, err := c.reach(ctx, hostPort(c.to))
	if err == nil && c.to.Scheme == "https" {
		d.Conn, err = c.handshake(ctx, d.Conn)
	}
	// Package net keeps to the deadline by its own timers, and ctx may end a moment later.
	if deadline, ok := ctx.Deadline(); err != nil && ok && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
	return d, err
}

// reach opens a connection to the receiver's address.
func (c *connections) reach(ctx context.Context, address string) (dialled, error) {
	if c.proxy != nil {
		return c.throughProxy(ctx, address)
	}
	tcp, err := c.dial(ctx, address)
	return dialled{tcp, tcp}, err
}

// dial opens a connection of TCP.
func (c *connections) dial(ctx context.Context, address string) (*connection, error) {
	conn, err := c.dialer.DialContext(exchangeOf(ctx).dialling(ctx), "tcp", address)
	if err != nil {
		return nil, err
	}
	return c.follow(conn)
}

// handshake begins TLS with the receiver. It closes the connection if that fails.
func (c *connections) handshake(ctx context.Context, conn net.Conn) (*tls.Conn, error) {
	x := exchangeOf(ctx)
	x.startTLS()
	late := fmt.Errorf("no end of the TLS handshake within %s", brief(c.timeout))
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, late)
	defer cancel()
	secure := tls.Client(conn, c.tls)
	err := secure.HandshakeContext(ctx)
	x.done(&x.timing.TLS)
	if err != nil {
		conn.Close()
		if context.Cause(ctx) == late {
			err = late
		}
		return nil, err
	}
	return secure, nil
}

// config returns what TLS with the host of a receiver needs.
func (t TLS) config(roots *x509.CertPool) *tls.Config {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: t.ServerName,
		NextProtos: []string{"h2", "http/1.1"},
	}
	if t.Roots != nil {
		c.RootCAs = t.Roots
	}
	if t.Certificate != nil {
		// It is sent whichever authorities the receiver names, so that a receiver
		// that refuses it says why.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.Certificate, nil }
	}
	return c
}

// hostPort returns the address to dial for a URL.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Close closes all connections, and those that are still being dialled. No
// request may be in flight. Closing the idle ones is not enough: an HTTP/2
// connection counts as in use for a moment after its last request was given up,
// and a receiver can prolong that.
func (c *connections) Close() {
	c.CloseIdleConnections()
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = map[*connection]struct{}{}
	c.mu.Unlock()
	for conn := range open {
		conn.Conn.Close()
	}
}

// CloseIdleConnections closes those that carry no request.
func (c *connections) CloseIdleConnections() {
	c.http1.CloseIdle()
	c.http2.transport.CloseIdleConnections()
}
