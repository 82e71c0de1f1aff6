package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sidehook/relay/dial"
)

const (
	// connectTimeout bounds the dial, and the TLS handshake, within an attempt.
	connectTimeout = 10 * time.Second
	// idleTimeout is how long a connection is kept alive without a request.
	idleTimeout = 90 * time.Second
	// pingAfter is how long an HTTP/2 connection may be silent, while requests
	// are under way on it, before it is asked whether it still lives.
	pingAfter = 15 * time.Second
)

// connections are those of one webhook while its settings are the same.
type connections struct {
	*http.Transport

	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

// newConnections opens none yet. It ignores a proxy in the environment: that
// would bypass the address rules without the file saying so.
func newConnections(s *Settings, o Options) *connections {
	// The transport continues to dial after the attempt, so there must be a limit
	// even if the attempt's is shorter; but a longer one, which is not reported in
	// its place.
	connect := connectTimeout
	if s.Timeout <= connectTimeout {
		connect = s.Timeout + time.Second
	}
	allow := s.Allow
	if s.Proxy != nil {
		allow = everywhere()
	}
	dialer := &net.Dialer{
		Timeout:        connect,
		ControlContext: dial.NewGuard(allow, o.Own).Control,
		Resolver:       o.Resolver,
	}
	c := &connections{open: map[*connection]struct{}{}}
	c.Transport = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if x := exchangeOf(ctx); x != nil {
				x.pauseDialling(ctx)
				ctx = x.dialling(ctx)
			}
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return c.follow(conn)
		},
		TLSClientConfig:        s.TLS.config(o.Roots),
		TLSHandshakeTimeout:    connect,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    s.Concurrency,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaders,
		ForceAttemptHTTP2:      true,
		// Before it is read, a receiver may send no more of a body than will be.
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter, MaxReceiveBufferPerStream: maxBody},
	}
	if s.Proxy != nil {
		c.throughProxy(s.Proxy, o.Roots)
	} else {
		c.DialTLSContext = c.dialTLS
	}
	return c
}

// dialTLS connects to a receiver. The transport would do the same, but only the
// code that makes the handshake knows that the next write is a request.
func (c *connections) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config := c.TLSClientConfig.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	x := exchangeOf(ctx)
	if x != nil {
		x.startTLS()
	}
	late := fmt.Errorf("no end of the TLS handshake within %s", brief(c.TLSHandshakeTimeout))
	ctx, cancel := context.WithTimeoutCause(ctx, c.TLSHandshakeTimeout, late)
	defer cancel()
	secure := tls.Client(conn, config)
	if err = secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		if context.Cause(ctx) == late {
			err = late
		}
	} else if secure.ConnectionState().NegotiatedProtocol != "h2" {
		conn.(*connection).awaitRequest()
	}
	if x != nil {
		x.done(&x.timing.TLS)
	}
	if err != nil {
		return nil, err
	}
	return secure, nil
}

func (t TLS) config(roots *x509.CertPool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: t.ServerName}
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

// connection is one that is closed with the others. Once the receiver has reset
// it, Write drops what it is given, and the next Read that fails returns the
// error of that Write: the transport gives up a request whose Write fails, even
// if an answer is there to be read. After a Read has failed, no answer is, and
// Write fails as it does otherwise.
type connection struct {
	net.Conn
	of    *connections
	reset atomic.Pointer[error] // what Write failed with
	ended atomic.Bool           // a Read has failed
	early atomic.Pointer[early] // nil once a request has begun
}

func (c *connection) Write(p []byte) (int, error) {
	c.begin()
	if reset := c.reset.Load(); reset != nil {
		return c.drop(p, *reset)
	}
	n, err := c.Conn.Write(p)
	// Only these may be dropped: after a reset, Read does not block.
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		c.reset.Store(&err)
		return c.drop(p, err)
	}
	return n, err
}

// drop ends a Write after the reset. It reads ended after reset is set, and Read
// does so in the opposite order, so one of them returns the error.
func (c *connection) drop(p []byte, reset error) (int, error) {
	if c.ended.Load() {
		return 0, reset
	}
	return len(p), nil
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		if e := c.early.Load(); e != nil {
			e.hold()
		}
	}
	if err != nil {
		c.ended.Store(true)
		if reset := c.reset.Load(); reset != nil {
			err = *reset
		}
	}
	return n, err
}

func (c *connections) follow(conn net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	one := &connection{Conn: conn, of: c}
	one.awaitRequest()
	c.open[one] = struct{}{}
	return one, nil
}

// Close closes the connection, and forgets it.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	c.begin()
	return c.Conn.Close()
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
		conn.begin()
		conn.Conn.Close()
	}
}
