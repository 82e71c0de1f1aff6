package deliver_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// raw is a receiver that does as it likes with each connection.
func raw(t testing.TB, serve func(*net.TCPConn, *bufio.Reader)) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn), bufio.NewReader(c))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// request reads one request, and is false at the end.
func request(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	io.Copy(io.Discard, req.Body)
	return true
}

// says answers the first request of a connection with text, then waits until
// the other side has closed it.
func says(t testing.TB, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, text)
		io.Copy(io.Discard, r)
	})
}

// reset closes a connection in the rude way.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

func forever(t testing.TB, head, more string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, head)
		for {
			if _, err := io.WriteString(c, more); err != nil {
				return
			}
		}
	})
}

func slowly(t testing.TB, head, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, head)
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

func bomb() string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(make([]byte, 8<<20))
	w.Close()
	return b.String()
}

// Whatever a receiver does, an attempt ends in time, with its reason.
func TestHostileReceivers(t *testing.T) {
	const timeout = 300 * time.Millisecond
	const (
		ok  = history.Delivered
		not = history.Retrying
	)
	gone := raw(t, func(*net.TCPConn, *bufio.Reader) {})
	tlsServer := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	tlsServer.Config.ErrorLog = discard
	tlsServer.StartTLS()
	t.Cleanup(tlsServer.Close)
	zipped := bomb()
	for _, c := range []struct {
		name    string
		address string
		status  history.Status
		code    int
		err     string // in the error; "" for none at all
	}{
		{"hangs", says(t, ""), not, 0, "no answer within timeout 300ms"},
		{"answers a byte at a time", slowly(t, "HTTP/1.1 200 OK\r\nX: ", "x"), not, 0, "no answer within timeout 300ms"},
		{"refuses", "http://127.0.0.1:1", not, 0, "dial tcp 127.0.0.1:1: connection refused"},
		{"is forbidden", "http://169.254.169.254/latest", not, 0, "169.254.169.254 is a link-local address (169.254.0.0/16); allow: [169.254.0.0/16] would permit it"},
		{"closes at once", gone, not, 0, ""},
		{"closes before it answers", raw(t, func(c *net.TCPConn, r *bufio.Reader) { request(r) }), not, 0, "the receiver closed the connection without an answer"},
		{"resets before it answers", raw(t, func(c *net.TCPConn, r *bufio.Reader) { request(r); reset(c) }), not, 0, "connection reset by peer"},
		{"resets within the headers", raw(t, func(c *net.TCPConn, r *bufio.Reader) {
			request(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX: y\r\n")
			time.Sleep(20 * time.Millisecond)
			reset(c)
		}), not, 0, "in the middle of its answer's headers"},
		{"closes within the headers", raw(t, func(c *net.TCPConn, r *bufio.Reader) { request(r); io.WriteString(c, "HTTP/1.1 200 OK\r\nX: y\r\n") }), not, 0, "in the middle of its answer's headers"},
		{"resets after the headers", raw(t, func(c *net.TCPConn, r *bufio.Reader) {
			request(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12")
			time.Sleep(20 * time.Millisecond)
			reset(c)
		}), ok, 200, ""},
		{"never ends its body", forever(t, "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 1<<10)), ok, 200, ""},
		{"never ends its chunks", forever(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), ok, 200, ""},
		{"sends its body slowly", slowly(t, "HTTP/1.1 200 OK\r\n\r\n", "x"), ok, 200, ""},
		{"sends huge headers", forever(t, "HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("y", 1<<10)+"\r\n"), not, 0, "server response headers exceeded 65536 bytes"},
		{"sends one huge header", forever(t, "HTTP/1.1 200 OK\r\nX: ", strings.Repeat("y", 1<<10)), not, 0, "server response headers exceeded 65536 bytes"},
		{"sends 1xx for ever", forever(t, "", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), not, 0, "server response headers exceeded 65536 bytes"},
		{"sends a 1xx first", says(t, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ok, 200, ""},
		{"switches protocols", says(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), not, 101, "101 Switching Protocols"},
		{"redirects", says(t, "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/?token=12345678\r\nContent-Length: 0\r\n\r\n"), not, 302, "302 Found: redirects are not followed"},
		{"redirects to nonsense", says(t, "HTTP/1.1 307 Temporary Redirect\r\nLocation: ::%zz\r\nContent-Length: 0\r\n\r\n"), not, 307, "redirects are not followed"},
		{"sends a gzip bomb", says(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped), zipped)), ok, 200, ""},
		{"has a malformed status", says(t, "HTTP/1.1 abc OK\r\n\r\n"), not, 0, `malformed HTTP status code "abc"`},
		{"has an odd status", says(t, "HTTP/1.1 999 Whatever\r\nContent-Length: 0\r\n\r\n"), not, 999, "999"},
		{"has no protocol", says(t, "hello\r\n\r\n"), not, 0, `malformed HTTP response "hello"`},
		{"has a long line of nonsense", says(t, strings.Repeat("y", 4000)+"\r\n\r\n"), not, 0, "malformed HTTP response"},
		{"has two lengths", says(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), not, 0, "Content-Length"},
		{"has a NUL in a header", says(t, "HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n"), not, 0, "malformed MIME header"},
		{"is no TLS", strings.Replace(says(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "http:", "https:", 1), not, 0, ""},
		{"hangs in the TLS handshake", strings.Replace(says(t, ""), "http:", "https:", 1), not, 0, "no connection within timeout 300ms"},
		{"has an unknown certificate", tlsServer.URL, not, 0, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, c.address)
			s.Timeout = timeout
			q := newQueue()
			q.add("1")
			begun := time.Now()
			begin(t, q, s, deliver.Options{})
			got := q.wait(t, 1)[0]
			for n := 2; got.how == "note"; n++ { // one that closes at once may do so before the request is written
				got = q.wait(t, n)[n-1]
			}
			if got.Status != c.status || got.Code != c.code {
				t.Fatalf("got %s", show(q.all()))
			}
			if c.err == "" && c.status == ok && got.Error != "" || !strings.Contains(got.Error, c.err) || c.status == not && got.Error == "" {
				t.Errorf("got error %q, want %q", got.Error, c.err)
			}
			if strings.Contains(got.Error, "12345678") || len(got.Error) > 600 {
				t.Errorf("got error %q", got.Error)
			}
			if took := time.Since(begun); took > timeout+2*time.Second {
				t.Errorf("it took %v", took)
			}
			if r := got.Response; r != nil && (len(r.Body) > 4<<10 || strings.Contains(fmt.Sprint(r.Headers), "12345678")) {
				t.Errorf("kept %d bytes of body, headers %v", len(r.Body), r.Headers)
			}
		})
	}
}

// The listener's own address is out of reach, whatever is allowed.
func TestOwnAddress(t *testing.T) {
	address, _ := recorder(t, 200)
	own := netip.MustParseAddrPort(strings.TrimPrefix(address, "http://"))
	q := newQueue()
	q.add("1")
	begin(t, q, settings(t, address), deliver.Options{Own: func() []netip.AddrPort { return []netip.AddrPort{own} }})
	if l := q.wait(t, 1)[0]; l.Status != history.Retrying || !strings.Contains(l.Error, "own listener") || l.Remote != own.String() {
		t.Errorf("got %+v", l)
	}
}

// A certificate has to be for the URL's host, and TLS 1.2 is the least.
func TestTLS(t *testing.T) {
	for _, c := range []struct {
		name   string
		config *tls.Config
		host   string
		err    string
		proto  string
	}{
		{"right", nil, "127.0.0.1", "", "HTTP/1.1"},
		{"HTTP/2", &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, "127.0.0.1", "", "HTTP/2.0"},
		{"wrong name", nil, "localhost", "x509: certificate is valid for example.com", ""},
		{"too old", &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, "127.0.0.1", "protocol version", ""},
		{"a client certificate demanded", &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "127.0.0.1", "tls: ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			proto := make(chan string, 1)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { proto <- r.Proto }))
			s.TLS = c.config
			s.EnableHTTP2 = c.proto == "HTTP/2.0"
			s.Config.ErrorLog = discard
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			q := newQueue()
			q.add("1")
			set := settings(t, strings.Replace(s.URL, "127.0.0.1", c.host, 1))
			set.Allow = append(set.Allow, loopback6)
			begin(t, q, set, deliver.Options{Roots: roots})
			got := q.wait(t, 1)[0]
			if c.err != "" {
				if got.Status != history.Retrying || !strings.Contains(got.Error, c.err) {
					t.Errorf("got %s %q, want an error with %q", got.Status, got.Error, c.err)
				}
				return
			}
			if p := <-proto; got.Status != history.Delivered || p != c.proto || got.Timing.TLS <= 0 {
				t.Errorf("got %s over %s, timing %+v: %s", got.Status, p, got.Timing, got.Error)
			}
		})
	}
}
