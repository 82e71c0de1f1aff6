package http1

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// pooled returns connections of a pool that have no requests yet.
func pooled(t *testing.T, p *Pool, n int) (conns []*Conn) {
	t.Helper()
	address, _ := receiver(t, func(c net.Conn, r *bufio.Reader) { r.Peek(1) })
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		c, err := p.Add(conn, conn.(*net.TCPConn))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	return conns
}

// waits returns a wait that has found no connection yet.
func waits(t *testing.T, p *Pool, found func()) *Wait {
	t.Helper()
	p.mu.Lock()
	before := len(p.waiting)
	p.mu.Unlock()
	w := p.WaitAfter(0, found)
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		now := len(p.waiting)
		p.mu.Unlock()
		if now > before {
			return w
		}
	}
	t.Fatal("it does not wait")
	return nil
}

// A connection that becomes idle goes to the wait that began first, and one that is idle
// already to the next.
func TestWait(t *testing.T) {
	p := newPool()
	conns := pooled(t, p, 3)
	found := make(chan int, 9)
	first := waits(t, p, func() { found <- 1 })
	second := waits(t, p, func() { found <- 2 })
	p.put(conns[0])
	p.put(conns[1])
	if got := [...]int{<-found, <-found}; got != [...]int{1, 2} {
		t.Errorf("found by %d", got)
	}
	if first.End() != conns[0] || second.End() != conns[1] {
		t.Error("a wait got another connection than was found")
	}
	p.put(conns[2])
	third := p.WaitAfter(0, func() { found <- 3 })
	<-found
	if third.End() != conns[2] || p.Get() != nil {
		t.Error("the connection that is idle was not taken")
	}
}

// A wait that has ended takes no connection.
func TestWaitEnds(t *testing.T) {
	p := newPool()
	c := pooled(t, p, 1)[0]
	none := func() { t.Error("found") }
	late, early := waits(t, p, none), p.WaitAfter(time.Hour, none)
	if late.End() != nil || early.End() != nil {
		t.Error("a connection that is not there")
	}
	early.begin() // its timer was already running
	p.put(c)
	if p.Get() != c {
		t.Error("the connection is not idle")
	}
}

// A connection that was closed before the wait has ended is not used.
func TestWaitFindsClosed(t *testing.T) {
	p := newPool()
	c := pooled(t, p, 1)[0]
	w := waits(t, p, func() {})
	c.Conn.(*net.TCPConn).CloseWrite()
	c.Conn.Read(make([]byte, 1)) // the receiver closes it, too
	p.put(c)
	if w.End() != nil {
		t.Error("a closed connection")
	}
}
