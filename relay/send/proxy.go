package send

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	socks "golang.org/x/net/proxy"

	"sidehook/relay/send/http1"
)

// everywhere permits all addresses, because the proxy guards them. The listener's
// own stay refused (dial's G1).
func everywhere() []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
}

// proxy is what the requests of a webhook go through. It looks up the receiver's name and
// must guard its own network: only its own address is seen here. A url with an address
// was checked when it was loaded.
type proxy struct {
	url *url.URL
	tls *tls.Config // Settings.TLS is for the receiver: its client certificate is not shown here
	// authorization is the value of Proxy-Authorization, "" without credentials.
	authorization string
}

func newProxy(u *url.URL, roots *x509.CertPool) *proxy {
	p := &proxy{url: u, tls: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: u.Hostname()}}
	if password, _ := u.User.Password(); u.User != nil {
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return p
}

// forwarded reports whether a proxy makes the requests in our place. To all other
// receivers it only makes the connection.
func (c *connections) forwarded() bool {
	return c.proxy != nil && c.proxy.url.Scheme != "socks5" && c.to.Scheme == "http"
}

// authorize returns a request with the credentials for the proxy.
func (p *proxy) authorize(r *http.Request) *http.Request {
	if p.authorization == "" {
		return r
	}
	r = r.WithContext(r.Context())
	r.Header = maps.Clone(r.Header)
	r.Header["Proxy-Authorization"] = []string{p.authorization}
	return r
}

// throughProxy opens a connection to the receiver at an address, or to the proxy if
// that forwards the requests.
func (c *connections) throughProxy(ctx context.Context, address string) (dialled, error) {
	if c.proxy.url.Scheme == "socks5" {
		return c.throughSOCKS(ctx, address)
	}
	tcp, err := c.dial(ctx, hostPort(c.proxy.url))
	if err != nil {
		return dialled{}, atProxy(err)
	}
	d := dialled{tcp, tcp}
	if c.proxy.url.Scheme == "https" {
		secure := tls.Client(tcp, c.proxy.tls)
		d.Conn, err = secure, secure.HandshakeContext(ctx)
	}
	if err == nil && !c.forwarded() {
		err = c.proxy.open(ctx, d.Conn, address)
	}
	if err != nil {
		tcp.Close()
		return dialled{}, atProxy(err)
	}
	return d, nil
}

// atProxy marks an error as one of the proxy, as package net/http does.
func atProxy(err error) error { return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err} }

// open asks the proxy for a connection to the receiver.
func (p *proxy) open(ctx context.Context, conn net.Conn, address string) error {
	defer context.AfterFunc(ctx, func() { http1.Interrupt(conn) })()
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	r = p.authorize(r)
	if err := r.Write(conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxHeaders)), r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return &connectError{address, answer.StatusCode}
	}
	return nil
}

// throughSOCKS opens a connection to the receiver through a proxy of SOCKS5.
func (c *connections) throughSOCKS(ctx context.Context, address string) (dialled, error) {
	var auth *socks.Auth
	if user := c.proxy.url.User; user != nil {
		password, _ := user.Password()
		auth = &socks.Auth{User: user.Username(), Password: password}
	}
	var tcp *connection
	dialer, err := socks.SOCKS5("tcp", hostPort(c.proxy.url), auth, contextDialer(
		func(ctx context.Context, address string) (_ net.Conn, err error) {
			if tcp, err = c.dial(ctx, address); err != nil {
				return nil, err
			}
			return tcp, nil
		}))
	if err != nil {
		return dialled{}, err
	}
	conn, err := dialer.(socks.ContextDialer).DialContext(ctx, "tcp", address)
	return dialled{conn, tcp}, err
}

// contextDialer dials for the library, which asks for more than it calls.
type contextDialer func(ctx context.Context, address string) (net.Conn, error)

func (d contextDialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return d(ctx, address)
}

func (d contextDialer) Dial(_, address string) (net.Conn, error) {
	return d(context.Background(), address)
}

// connectError is the answer of a proxy that does not connect to the receiver.
type connectError struct {
	host string
	code int
}

func (e *connectError) Error() string {
	text := statusText(e.code)
	switch e.code {
	case http.StatusProxyAuthRequired:
		return text + ": it wants credentials, or others; write them as http://USER:PASSWORD@… in proxy"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return text + ": it has no connection to " + e.host
	case http.StatusForbidden:
		return text + ": it does not permit a connection to " + e.host
	}
	return text + ": its answer to CONNECT " + e.host
}

// shownProxy names a proxy without its credentials.
func shownProxy(proxy *url.URL) string { return "the proxy " + proxy.Scheme + "://" + proxy.Host }

// plainProxy describes an error of the proxy.
func (c *Client) plainProxy(err error) string {
	var refused *connectError
	if errors.As(err, &refused) {
		return refused.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks ")) {
		err = op.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it closed the connection without an answer"
	}
	text := err.Error()
	to := c.settings.URL.Host
	switch {
	case strings.HasPrefix(text, "malformed "):
		return "it does not answer in HTTP: " + text
	case c.settings.Proxy.Scheme != "socks5":
	case strings.Contains(text, "no acceptable authentication methods"):
		return "it wants credentials, or others; write them as socks5://USER:PASSWORD@… in proxy"
	case strings.Contains(text, "username/password authentication failed"):
		return "it refuses the user name and password"
	case strings.Contains(text, "unexpected protocol version"):
		return "it does not speak SOCKS5"
	case strings.HasPrefix(text, "unknown error "):
		return "it has no connection to " + to + ": " + strings.TrimPrefix(text, "unknown error ")
	}
	// Other errors are described as those of a receiver.
	return strings.Replace(c.plain(err), "the receiver", "it", 1)
}
