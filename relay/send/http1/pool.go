package http1

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// checkEvery is how often idle connections are looked at. A receiver that closes one waits
// so long for our side to be closed.
const checkEvery = time.Second

// Pool keeps the connections to one receiver that are idle. Its fields must not change
// after the first Add.
type Pool struct {
	MaxIdle     int           // more are closed
	IdleTimeout time.Duration // how long one is kept
	MaxHeaders  int           // bytes of an answer's headers
	AbsoluteURL bool          // requests name the whole URL, for a proxy

	mu      sync.Mutex
	idle    []*Conn     // the longest idle first
	timer   *time.Timer // of check; nil: no connection is idle
	waiting []*Wait     // the longest first; then no connection is idle
}

// TCP is a connection of TCP.
type TCP interface {
	net.Conn
	syscall.Conn
}

// Add makes a connection that has just been dialled one of the pool's. tcp is what lies
// below conn, or conn itself.
func (p *Pool) Add(conn net.Conn, tcp TCP) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: conn, pool: p, tcp: tcp, raw: raw}
	c.peek = c.peekAt
	return c, nil
}

// Get returns the connection that was used last, nil if none is idle. One that the
// receiver has closed, or on which it has said something, is closed instead.
func (p *Pool) Get() *Conn {
	for {
		p.mu.Lock()
		c := p.takeLocked()
		p.mu.Unlock()
		if c == nil || c.silent() {
			return c
		}
		c.Close()
	}
}

// takeLocked takes the connection that was used last, nil if none is idle.
func (p *Pool) takeLocked() *Conn {
	n := len(p.idle) - 1
	if n < 0 {
		return nil
	}
	c := p.idle[n]
	p.idle[n] = nil
	p.idle = p.idle[:n]
	return c
}

// silent reports whether a connection is open, with nothing to be read.
func (c *Conn) silent() bool {
	return c.raw.Read(c.peek) == nil && c.peeked == syscall.EAGAIN
}

// drained reports whether the layer over TCP, if there is one, has passed on all that it
// has read. That cannot be seen at TCP.
func (c *Conn) drained() bool {
	if c.Conn == c.tcp {
		return true
	}
	c.Conn.SetReadDeadline(past())
	_, err := c.Conn.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded) && c.Conn.SetReadDeadline(time.Time{}) == nil
}

// peekAt looks at what has come, without waiting for it.
func (c *Conn) peekAt(fd uintptr) (done bool) {
	var one [1]byte
	_, _, c.peeked = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
	return true
}

func (p *Pool) put(c *Conn) {
	c.idle = time.Now()
	p.mu.Lock()
	if len(p.waiting) > 0 {
		w := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		w.foundLocked(c)
		p.mu.Unlock()
		return
	}
	keep := len(p.idle) < p.MaxIdle
	if keep {
		p.idle = append(p.idle, c)
		if p.timer == nil {
			p.timer = time.AfterFunc(checkEvery, p.check)
		}
	}
	p.mu.Unlock()
	if !keep {
		c.Close()
	}
}

// check closes the connections that the receiver has closed, and those that have been
// idle for too long.
func (p *Pool) check() {
	var closing []*Conn
	p.mu.Lock()
	p.idle = slices.DeleteFunc(p.idle, func(c *Conn) bool {
		end := time.Since(c.idle) >= p.IdleTimeout || !c.silent()
		if end {
			closing = append(closing, c)
		}
		return end
	})
	p.timer = nil
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(checkEvery, p.check)
	}
	p.mu.Unlock()
	for _, c := range closing {
		c.Close()
	}
}

// CloseIdle closes the connections that are idle.
func (p *Pool) CloseIdle() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		c.Close()
	}
}
