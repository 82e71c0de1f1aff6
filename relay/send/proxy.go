package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// everywhere permits all addresses, because the proxy guards them. The listener's
// own stay refused (dial's G1).
func everywhere() []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
}

// throughProxy sends a webhook's requests through its proxy. The proxy looks up
// the receiver's name and must guard its own network: only its own address is
// seen here. A url with an address was checked when it was loaded.
func (c *connections) throughProxy(proxy *url.URL, roots *x509.CertPool) {
	t := c.Transport
	t.Proxy = http.ProxyURL(proxy)
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, connect *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &connectError{connect.Host, answer.StatusCode}
	}
	if proxy.Scheme != "https" {
		return
	}
	// Only the connection to the proxy is dialled by this. Settings.TLS is for the
	// receiver: its client certificate is not shown to the proxy.
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: proxy.Hostname()}
	tcp := t.DialContext
	t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		below, err := tcp(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(below, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			below.Close()
			return nil, err
		}
		return plainConn{conn}, nil
	}
}

// plainConn is a connection to a proxy over TLS. It hides the TLS from the
// transport, which would take the protocol negotiated with the proxy for the
// receiver's.
type plainConn struct{ net.Conn }

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
