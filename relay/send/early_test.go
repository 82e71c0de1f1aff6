package send_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"sidehook/history"
	"sidehook/relay/send"
)

// hasty answers before it has read the request, and closes the connection. The
// system resets it then, because what came was not read.
type hasty struct {
	name string
	read func(*bufio.Reader) // what it does read
}

var hastyReceivers = []hasty{
	{name: "reads a byte", read: func(r *bufio.Reader) { r.Peek(1) }},
	{name: "reads the head", read: func(r *bufio.Reader) { readHead(r) }},
	{name: "reads the head and some of the body", read: func(r *bufio.Reader) { readHead(r); io.CopyN(io.Discard, r, 1000) }},
}

// readHead reads up to the body.
func readHead(r *bufio.Reader) {
	for {
		if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
			return
		}
	}
}

// An answer that came before the request was read, and before the connection
// was reset, counts as the answer.
func TestEarlyAnswer(t *testing.T) {
	ca := newAuthority(t)
	for _, answer := range []struct {
		text, how string
		status    history.Status
		code      int
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "done", ok, 200},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "done", ok, 200},
		{"HTTP/1.1 204 No Content\r\n\r\n", "done", ok, 204},
		{"HTTP/1.0 200 OK\r\n\r\nfine", "done", ok, 200},
		{"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large", "retry", not, 413},
		{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "retry", not, 500},
		{"HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", "retry", not, 429},
		{"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "done", failed, 410},
	} {
		for _, h := range hastyReceivers {
			serve := func(c net.Conn, r *bufio.Reader) {
				h.read(r)
				io.WriteString(c, answer.text)
			}
			for _, address := range []string{
				raw(t, func(c *net.TCPConn, r *bufio.Reader) { serve(c, r) }),
				rawTLS(t, serves(ca.issue(nil)), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) { serve(c, r) }),
			} {
				scheme, _, _ := strings.Cut(address, ":")
				for _, size := range []int{2 << 10, 20 << 10, 100 << 10, 1 << 20} {
					t.Run(fmt.Sprintf("%s/%d/%s/%d kB", scheme, answer.code, h.name, size>>10), func(t *testing.T) {
						q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
						q.addJSON(sized(size))
						if got := q.wait(t, 1)[0]; got.how != answer.how || got.Status != answer.status || got.Code != answer.code {
							t.Errorf("got %s, want %s with %d", show(q.all()), answer.status, answer.code)
						}
					})
				}
			}
		}
	}
}

// A connection that was reset after an early answer carries no other request,
// and what comes next gets its own answer.
func TestEarlyAnswerIsOfItsRequest(t *testing.T) {
	var conns atomic.Int32
	address := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		n := conns.Add(1)
		readHead(r)
		fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", 200+n)
	})
	q := begin(t, settings(t, address), send.Options{})
	const events = 20
	for n := range events {
		q.addJSON(sized(200 << 10))
		if !soon(func() bool { return len(q.ended()) == n+1 }) {
			t.Fatalf("got %s", show(q.all()))
		}
	}
	for n, l := range q.ended() {
		if l.how != "done" || l.number != 1 || n > 0 && l.Code <= q.ended()[n-1].Code {
			t.Errorf("event %d: got %s #%d %d %s", n, l.how, l.number, l.Code, l.Error)
		}
	}
}

// Without an answer, a connection that is reset while the request is written is
// broken: it is tried again twice, and that is a failed attempt, whose reason
// is what ended it.
func TestNoEarlyAnswer(t *testing.T) {
	ca := newAuthority(t)
	for _, text := range []string{"", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nX: "} {
		serve := func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, text)
		}
		for _, address := range []string{
			raw(t, func(c *net.TCPConn, r *bufio.Reader) { serve(c, r) }),
			rawTLS(t, serves(ca.issue(nil)), func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) { serve(c, r) }),
		} {
			q := begin(t, settings(t, address), send.Options{Roots: ca.pool})
			q.addJSON(sized(8 << 20))
			want := 3
			if text != "" {
				want = 1 // the receiver had begun to answer
			}
			lines := q.wait(t, want)
			if last := lines[len(lines)-1]; len(lines) != want || last.how != "retry" || last.Code != 0 || last.Error == "" {
				t.Errorf("%q: got %s", text, show(lines))
			}
		}
	}
}

// sized is an event with so many bytes of data.
func sized(bytes int) string {
	return `{"specversion":"1.0","id":"1","source":"a","type":"t","data":"` + strings.Repeat("x", bytes) + `"}`
}
