package send_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

const answer200 = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// A kept-alive connection that the receiver had closed is replaced at once, and
// the try is recorded beside the attempt: R12, also where the transport would
// try again by itself, unseen, because of a header that says it may.
func TestQuickTryOnClosedConnection(t *testing.T) {
	for _, rude := range []bool{false, true} {
		var conns atomic.Int32
		address := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
			n := conns.Add(1)
			request(r)
			io.WriteString(c, answer200)
			if n > 1 {
				io.Copy(io.Discard, r)
				return
			}
			request(r) // the second one on this connection gets no answer
			if rude {
				reset(c)
			}
		})
		set := settings(t, address)
		set.Headers = []send.Header{{Name: "Idempotency-Key", Value: "1"}}
		q := begin(t, set, send.Options{})
		q.add("1")
		q.wait(t, 1)
		q.add("2")
		lines := q.wait(t, 3)
		note, last := lines[1], lines[2]
		if note.how != "note" || note.Status != history.Retrying || note.number != 1 || note.Event != "2" || note.Error == "" || note.Remote == "" || note.Took <= 0 {
			t.Errorf("got note %+v", note)
		}
		if last.how != "done" || last.Status != history.Delivered || last.number != 1 || last.Timing.Connect == 0 || conns.Load() != 2 {
			t.Errorf("got %s", show(lines))
		}
	}
}

// It is tried three times in all, if every connection breaks before the request
// was written whole; then that is a failed attempt.
func TestQuickTriesEnd(t *testing.T) {
	var conns atomic.Int32
	address := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		conns.Add(1)
		r.Peek(1)
		reset(c)
	})
	q := begin(t, settings(t, address), send.Options{})
	q.addJSON(`{"specversion":"1.0","id":"1","source":"a","type":"t","data":"` + strings.Repeat("x", 8<<20) + `"}`)
	lines := q.wait(t, 3)
	for i, l := range lines {
		want := "note"
		if i == 2 {
			want = "retry"
		}
		if l.how != want || l.Status != history.Retrying || l.number != 1 || l.Error == "" {
			t.Errorf("try %d: %s %s #%d %q", i+1, l.how, l.Status, l.number, l.Error)
		}
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// A fresh connection that breaks once the request is there is a failed attempt:
// the receiver may have acted on it.
func TestNoQuickTryAfterTheRequest(t *testing.T) {
	var conns atomic.Int32
	address := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		conns.Add(1)
		request(r)
		reset(c)
	})
	q := begin(t, settings(t, address), send.Options{})
	q.add("1")
	if lines := q.settle(); len(lines) != 1 || lines[0].how != "retry" || conns.Load() != 1 {
		t.Errorf("%d connections: %s", conns.Load(), show(lines))
	}
}

// Nor is an answer that breaks tried again, on a kept connection either.
func TestNoQuickTryAfterTheAnswerBegan(t *testing.T) {
	address := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, answer200)
		request(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n")
	})
	q := begin(t, settings(t, address), send.Options{})
	q.add("1")
	q.wait(t, 1)
	q.add("2")
	if lines := q.settle(); len(lines) != 2 || lines[1].how != "retry" || !strings.Contains(lines[1].Error, "in the middle") {
		t.Errorf("got %s", show(lines))
	}
}

// A receiver that restarts costs no attempt, over HTTP/2 neither.
func TestReceiverRestarts(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		got := make(chan string, 10)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Proto }))
		s.Config.ErrorLog = discard
		s.EnableHTTP2 = proto == "HTTP/2.0"
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		q := begin(t, settings(t, s.URL), send.Options{Roots: roots})
		for range 5 {
			q.add("1")
			if p := <-got; p != proto {
				t.Errorf("got %s, want %s", p, proto)
			}
			q.running.Wait()
			s.CloseClientConnections()
		}
		for _, l := range q.all() {
			if l.number != 1 || l.how != "done" && l.how != "note" {
				t.Errorf("%s: got %s", proto, show(q.all()))
			}
		}
	}
}

// traced is a transport that says it took a second connection by itself.
type traced struct{}

func (traced) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	conn, _ := net.Pipe()
	trace.GotConn(httptrace.GotConnInfo{Conn: conn, Reused: true})
	time.Sleep(time.Second)
	trace.GotConn(httptrace.GotConnInfo{Conn: conn})
	time.Sleep(2 * time.Second)
	trace.GotFirstResponseByte()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
}

// A try that the transport makes by itself is recorded like ours.
func TestUnseenTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := begin(t, settings(t, "http://a.example"), send.Options{Transport: traced{}})
		q.add("1")
		lines := q.wait(t, 2)
		if l := lines[0]; l.how != "note" || l.Took != time.Second || l.Error != "the connection broke before anything was sent on it, or the receiver did not process the request" {
			t.Errorf("got %+v", l)
		}
		if l := lines[1]; l.how != "done" || l.Took != 2*time.Second || l.Timing.FirstByte != 2*time.Second {
			t.Errorf("got %+v", l)
		}
	})
}

// A receiver may choose another version of HTTP on each connection, as those behind a
// load balancer do.
func TestReceiverChangesVersion(t *testing.T) {
	got := make(chan string, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Proto }))
	s.Config.ErrorLog = discard
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{}
	var only1 atomic.Bool
	s.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		config := s.TLS.Clone()
		config.GetConfigForClient = nil
		if only1.Load() {
			config.NextProtos = []string{"http/1.1"}
		}
		return config, nil
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	q := begin(t, settings(t, s.URL), send.Options{Roots: roots})
	for n, want := range []string{"HTTP/2.0", "HTTP/1.1", "HTTP/2.0", "HTTP/1.1"} {
		only1.Store(want == "HTTP/1.1")
		q.add("1")
		q.running.Wait()
		select {
		case proto := <-got:
			if proto != want {
				t.Errorf("request %d: got %s, want %s", n, proto, want)
			}
		default:
			t.Fatalf("request %d: got %s", n, show(q.all()))
		}
		s.CloseClientConnections()
		time.Sleep(20 * time.Millisecond) // the end of the connection arrives
	}
	for _, l := range q.ended() {
		if l.how != "done" || l.number != 1 {
			t.Errorf("got %s", show(q.all()))
		}
	}
}
