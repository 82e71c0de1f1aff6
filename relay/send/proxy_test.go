package send_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"sidehook/relay/send"
)

// Through each kind of proxy every kind of receiver is reached by the name that
// only the proxy can look up, with nothing of the proxy's credentials.
func TestProxy(t *testing.T) {
	ca := newAuthority(t)
	for _, scheme := range []string{"http", "https", "socks5"} {
		for _, proto := range []string{"http HTTP/1.1", "https HTTP/1.1", "https HTTP/2.0"} {
			t.Run(scheme+" to "+proto, func(t *testing.T) {
				target, version, _ := strings.Cut(proto, " ")
				got := make(chan *http.Request, 1)
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got <- r
					fmt.Fprint(w, r.Header)
				}))
				s.Config.ErrorLog = discard
				s.TLS, s.EnableHTTP2 = serves(ca.issue(nil)), version == "HTTP/2.0"
				port, start := "80", s.Start
				if target == "https" {
					port, start = "443", s.StartTLS
				}
				start()
				t.Cleanup(s.Close)
				asked := make(chan string, 1)
				to := s.Listener.Addr().String()
				want := "CONNECT receiver.test:" + port
				var proxy string
				switch scheme {
				case "http":
					proxy = overTCP(t, forward(to, asked))
				case "https":
					proxy = listen(t, func(c *net.TCPConn) { forward(to, asked)(tls.Server(c, serves(ca.issue(nil)))) })
				case "socks5":
					proxy, want = overTCP(t, socks(to, 0, asked)), "SOCKS5 receiver.test:"+port
				}
				if target == "http" && scheme != "socks5" {
					want = "POST http://receiver.test/hook"
				}
				set := settings(t, target+"://receiver.test/hook")
				set.Allow, set.Proxy = nil, proxyAt(scheme, proxy)
				q := begin(t, set, send.Options{Roots: ca.pool})
				q.add("1")
				l := q.wait(t, 1)[0]
				if l.Status != ok || l.Remote != proxy {
					t.Fatalf("got %s by %s", show(q.all()), l.Remote)
				}
				r := <-got
				if r.Host != "receiver.test" || r.Proto != version || r.Header["Proxy-Authorization"] != nil {
					t.Errorf("the receiver got %s for %s, headers %v", r.Proto, r.Host, r.Header)
				}
				if by := <-asked; by != want {
					t.Errorf("the proxy was asked for %q, want %q", by, want)
				}
			})
		}
	}
}

// A proxy's own failure is a failed attempt that says so, and whose it is.
func TestHostileProxies(t *testing.T) {
	nothingLeft := remains(t)
	t.Run("rows", func(t *testing.T) {
		ca := newAuthority(t)
		for _, c := range failingProxies(t, ca) {
			c.status = not
			if c.address == "" {
				c.address = "https://receiver.test/hook"
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, ca.pool)
			})
		}
	})
	nothingLeft()
}

func failingProxies(t *testing.T, ca *authority) []hostile {
	by := func(proxy *url.URL) func(*send.Settings, *send.Options) {
		return func(s *send.Settings, _ *send.Options) { s.Allow, s.Proxy = nil, proxy }
	}
	at := func(address string) *url.URL { // as the helpers for receivers give it
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		u.User = credentials()
		return u
	}
	connect := func(status string) func(*send.Settings, *send.Options) {
		return by(at(says(t, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")))
	}
	socksCode := func(code byte) func(*send.Settings, *send.Options) {
		return by(proxyAt("socks5", overTCP(t, socks("", code, make(chan string, 9)))))
	}
	wrong := proxyAt("socks5", overTCP(t, socks("", 0, make(chan string, 9))))
	wrong.User = url.UserPassword("nobody", "else")
	anonymous := *wrong
	anonymous.User = nil
	lost := proxyAt("http", "proxy.test.:3128")
	secure := func(config *tls.Config) *url.URL {
		return at(rawTLS(t, config, func(_ *tls.Conn, _ *net.TCPConn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
	}
	own := proxyAt("http", overTCP(t, forward("", make(chan string, 9))))
	echo := "Proxy-Authorization: " + basicCredentials() + " " + proxyPassword
	echoing := at(says(t, fmt.Sprintf("HTTP/1.1 407 No\r\nX-Echo: %s\r\nContent-Length: %d\r\n\r\n%s", echo, len(echo), echo)))
	return []hostile{
		{name: "refused", set: by(proxyAt("http", "127.0.0.1:1")), err: "the proxy http://127.0.0.1:1: dial tcp 127.0.0.1:1: connection refused"},
		{name: "no such name", set: func(s *send.Settings, o *send.Options) {
			s.Proxy = lost
			asks(t, rcode(dnsmessage.RCodeNameError))(s, o)
		}, err: "the proxy http://proxy.test.:3128: look up proxy.test."},
		{name: "silent", timeout: short, set: by(at(says(t, ""))), err: ": no connection to receiver.test within timeout 1s"},
		{name: "blackhole", timeout: short, set: by(at(blackhole(t))), err: ": no connection to 127.0.0.1:"},
		{name: "closes", set: by(at(ends(t, ""))), err: ": it closed the connection without an answer"},
		{name: "is no proxy", set: by(at(says(t, "220 mail.example.com\r\n"))), err: ": it does not answer in HTTP: malformed HTTP status code"},
		{name: "407", set: connect("407 No"), err: ": 407 Proxy Authentication Required: it wants credentials, or others; write them as http://USER:PASSWORD@… in proxy"},
		{name: "403", set: connect("403 No"), err: ": 403 Forbidden: it does not permit a connection to receiver.test:443"},
		{name: "405", set: connect("405 No"), err: ": 405 Method Not Allowed: its answer to CONNECT receiver.test:443"},
		{name: "502", set: connect("502 No"), err: ": 502 Bad Gateway: it has no connection to receiver.test:443"},
		{name: "504", set: connect("504 No"), err: ": 504 Gateway Timeout: it has no connection to receiver.test:443"},
		{name: "204", set: connect("204 Yes?"), err: ": 204 No Content: its answer to CONNECT receiver.test:443"},
		{name: "headers without end", set: by(at(forever(t, "HTTP/1.1 200 OK\r\n", "X: y\r\n"))), err: ": it does not answer in HTTP: malformed MIME header | : it closed the connection"},
		{name: "does not speak TLS", set: by(at(secured(says(t, "HTTP/1.1 400 No\r\n\r\n")))), err: ": it does not speak TLS at this port"},
		{name: "unknown CA", set: by(secure(serves(ca.selfSigned()))), err: ": tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{name: "silent by TLS", timeout: short, set: by(secure(serves(ca.issue(nil)))), err: ": no connection to receiver.test within timeout 1s"},
		{name: "SOCKS5 general failure", set: socksCode(1), err: ": it has no connection to receiver.test: general SOCKS server failure"},
		{name: "SOCKS5 not allowed", set: socksCode(2), err: ": it has no connection to receiver.test: connection not allowed by ruleset"},
		{name: "SOCKS5 host unreachable", set: socksCode(4), err: ": it has no connection to receiver.test: host unreachable"},
		{name: "SOCKS5 refused", set: socksCode(5), err: ": it has no connection to receiver.test: connection refused"},
		{name: "SOCKS5 wrong credentials", set: by(wrong), err: ": it refuses the user name and password"},
		{name: "SOCKS5 no credentials", set: by(&anonymous), err: ": it wants credentials, or others; write them as socks5://USER:PASSWORD@… in proxy"},
		{name: "SOCKS5 spoken by nobody", set: by(proxyAt("socks5", strings.TrimPrefix(raw(t, func(c *net.TCPConn, r *bufio.Reader) {
			r.Peek(1)
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			io.Copy(io.Discard, r)
		}), "http://"))), err: ": it does not speak SOCKS5"},
		{name: "sidehook itself", set: func(s *send.Settings, o *send.Options) {
			s.Proxy = own
			o.Own = func() []netip.AddrPort { return []netip.AddrPort{netip.MustParseAddrPort(own.Host)} }
		}, err: "is sidehook's own listener"},
		// From here on it is the receiver's.
		{name: "the receiver does not speak TLS", set: by(proxyAt("http", overTCP(t, forward(plainHost(t), make(chan string, 9))))), err: "the receiver does not speak TLS at this port"},
		{name: "407 to a request in the clear", address: "http://receiver.test/hook", code: 407, set: by(echoing), err: "407 Proxy Authentication Required: the proxy http://127.0.0.1:", check: func(t *testing.T, l line) {
			if text := fmt.Sprintf("%+v %s", l, l.Response.Body); strings.Contains(text, basicCredentials()[6:]) || strings.Contains(text, proxyPassword) {
				t.Errorf("the credentials are recorded: %s", text)
			}
		}},
	}
}

// A proxy that goes silent holds no connection for longer than an attempt may take, also
// where the transport for HTTP/2 dials for later requests.
func TestSilentProxyOfHTTP2(t *testing.T) {
	ca := newAuthority(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog, s.TLS, s.EnableHTTP2 = discard, serves(ca.issue(nil)), true
	s.StartTLS()
	t.Cleanup(s.Close)
	for _, scheme := range []string{"http", "socks5"} {
		t.Run(scheme, func(t *testing.T) {
			var open, all atomic.Int32
			to := s.Listener.Addr().String()
			serve := forward(to, make(chan string, 1))
			if scheme == "socks5" {
				serve = socks(to, 0, make(chan string, 1))
			}
			proxy := overTCP(t, func(c net.Conn) {
				open.Add(1)
				defer open.Add(-1)
				if all.Add(1) == 1 {
					serve(c)
				} else {
					io.Copy(io.Discard, c)
				}
			})
			set := settings(t, "https://receiver.test/hook")
			set.Allow, set.Proxy, set.Timeout = nil, proxyAt(scheme, proxy), short
			q := begin(t, set, send.Options{Roots: ca.pool})
			q.add("1")
			if l := q.wait(t, 1)[0]; l.Code != 200 {
				t.Fatalf("got %s", show(q.all()))
			}
			s.CloseClientConnections()
			if !soon(func() bool { return open.Load() == 0 }) {
				t.Fatal("the tunnel is left")
			}
			q.add("2")
			q.settle()
			if all.Load() < 2 {
				t.Fatal("the proxy was not asked again")
			}
			if !soon(func() bool { return open.Load() == 0 }) {
				t.Error("a connection is left")
			}
		})
	}
}

// plainHost is a receiver that answers in the clear whatever comes.
func plainHost(t *testing.T) string {
	return strings.TrimPrefix(raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		r.Peek(1)
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		io.Copy(io.Discard, r)
	}), "http://")
}
