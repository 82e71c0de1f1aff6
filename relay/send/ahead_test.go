package send_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/relay/send"
)

// busy keeps every core at work until the test ends, so that goroutines have to
// wait for their turn.
func busy(t *testing.T) {
	var stop atomic.Bool
	t.Cleanup(func() { stop.Store(true) })
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			for !stop.Load() {
				for begun := time.Now(); time.Since(begun) < 50*time.Microsecond; {
				}
				runtime.Gosched()
			}
		}()
	}
}

// A receiver may answer as soon as there is a connection, before there is a
// request to read, and close it.
func TestAnswerAheadOfItsRequest(t *testing.T) {
	busy(t)
	ca := newAuthority(t)
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
	secure := func(version uint16) string {
		config := serves(ca.issue(nil))
		config.MaxVersion = version
		return rawTLS(t, config, func(c *tls.Conn, _ *net.TCPConn, _ *bufio.Reader) { io.WriteString(c, answer) })
	}
	for name, address := range map[string]string{
		"plain":   raw(t, func(c *net.TCPConn, _ *bufio.Reader) { io.WriteString(c, answer) }),
		"TLS 1.3": secure(tls.VersionTLS13),
		"TLS 1.2": secure(tls.VersionTLS12), // where it comes with the end of the handshake
	} {
		t.Run(name, func(t *testing.T) {
			const events = 100
			q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
			for n := range events {
				q.addJSON(sized(n * 100))
			}
			if !soon(func() bool { return len(q.ended()) >= events }) {
				t.Fatalf("%d of %d ended", len(q.ended()), events)
			}
			for _, l := range q.all() {
				if l.how != "done" || l.number != 1 || l.Code != 200 {
					t.Errorf("got %s", show([]line{l}))
				}
			}
		})
	}
}

// A connection that is kept alive is not used once the receiver has closed it,
// or sent what nobody asked for; each request gets its own answer.
func TestClosedWhileIdle(t *testing.T) {
	ca := newAuthority(t)
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for name, more := range map[string]string{"closed": "", "with an answer to nothing": "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "with a 408": "HTTP/1.1 408 Late\r\nConnection: close\r\n\r\n"} {
		type ends struct{ theirs, ours atomic.Int32 } // of connections
		var ended [2]ends
		serve := func(c interface {
			net.Conn
			CloseWrite() error
		}, r *bufio.Reader, e *ends) {
			if request(r) {
				io.WriteString(c, answer)
				time.Sleep(5 * time.Millisecond)
				io.WriteString(c, more)
			}
			c.CloseWrite()
			e.theirs.Add(1)
			io.Copy(io.Discard, r)
			e.ours.Add(1)
		}
		for i, address := range []string{
			raw(t, func(c *net.TCPConn, r *bufio.Reader) { serve(c, r, &ended[0]) }),
			rawTLS(t, serves(ca.issue(nil)), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) { serve(c, r, &ended[1]) }),
		} {
			scheme, _, _ := strings.Cut(address, ":")
			t.Run(name+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
				const events = 10
				for n := range events {
					q.addJSON(sized(100))
					if !soon(func() bool { return len(q.ended()) == n+1 && int(ended[i].theirs.Load()) == n+1 }) {
						t.Fatalf("event %d: %d connections closed, got %s", n, ended[i].theirs.Load(), show(q.all()))
					}
				}
				// The last one is closed without another request.
				if !soon(func() bool { return ended[i].ours.Load() == events }) {
					t.Errorf("we closed %d of %d connections", ended[i].ours.Load(), events)
				}
				for _, l := range q.all() {
					if l.how != "done" || l.number != 1 || l.Code != 200 {
						t.Errorf("got %s", show([]line{l}))
					}
				}
			})
		}
	}
}
