package httpd

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sidehook/history/trouble"
	"sidehook/relay/httpd/plain"
)

// boundedListener limits the open connections, and waits while there are no
// descriptors or no memory.
type boundedListener struct {
	net.Listener
	log   *slog.Logger
	slots chan struct{} // one is taken for each open connection
	close func() error  // once
	done  chan struct{} // closed with the listener

	full    bool // no slot is free, and it was logged; only Accept uses it
	trouble trouble.Trouble

	mu    sync.Mutex
	conns map[*conn]*plain.Conn // nil: net/http serves it, or nobody yet
}

func newListener(l net.Listener, maxConns int, log *slog.Logger) *boundedListener {
	x := &boundedListener{
		Listener: l,
		log:      log,
		slots:    make(chan struct{}, maxConns),
		done:     make(chan struct{}),
		trouble:  trouble.Trouble{Level: slog.LevelWarn},
		conns:    map[*conn]*plain.Conn{},
	}
	x.close = sync.OnceValue(func() error {
		close(x.done)
		return l.Close()
	})
	return x
}

// Close accepts no more connections. Those that are open stay open.
func (l *boundedListener) Close() error { return l.close() }

// Accept waits for a slot and for a connection.
func (l *boundedListener) Accept() (*conn, error) {
	if !l.takeSlot() {
		return nil, net.ErrClosed
	}
	c, err := l.acceptWithRetry()
	if err != nil {
		<-l.slots
		return nil, err
	}
	x := &conn{Conn: c, listener: l}
	l.servedBy(x, nil)
	return x, nil
}

// servedBy notes that a connection is served by p; nil: by net/http.
func (l *boundedListener) servedBy(c *conn, p *plain.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.closed.Load() {
		l.conns[c] = p
	}
}

// takeSlot waits for a slot. It returns false once the listener is closed.
func (l *boundedListener) takeSlot() bool {
	select {
	case l.slots <- struct{}{}:
		l.full = false
		return true
	default:
	}
	if !l.full {
		l.full = true
		l.log.Warn("too many connections; accepting more when some have closed", "address", l.Addr().String(), "limit", cap(l.slots))
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-l.done:
		return false
	}
}

// acceptWithRetry accepts a connection, and tries again after a temporary error.
func (l *boundedListener) acceptWithRetry() (net.Conn, error) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	for wait := shortest; ; wait = min(2*wait, longest) {
		c, err := l.Listener.Accept()
		if err == nil {
			l.trouble.Over(l.log, "connections can be accepted again", "address", l.Addr().String())
		}
		if err == nil || !isTemporary(err) {
			return c, err
		}
		l.trouble.Met(l.log, "cannot accept connections; trying again", err, "address", l.Addr().String())
		select {
		case <-time.After(wait):
		case <-l.done:
			return nil, net.ErrClosed
		}
	}
}

// isTemporary reports whether an error may pass: this machine lacks something, or a
// client went away.
func isTemporary(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EAGAIN, syscall.EPERM,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// waitUnused waits until no connection is open, but no longer than that.
func (l *boundedListener) waitUnused(patience time.Duration) {
	const pause = 5 * time.Millisecond
	for ; patience > 0; patience -= pause {
		if len(l.slots) == 0 {
			return
		}
		time.Sleep(min(pause, patience))
	}
}

// closeUnused closes the connections of net/http that never sent a request, for which
// Shutdown would wait seconds, and others that have no request in flight. No other request
// follows one in flight there.
func (l *boundedListener) closeUnused() {
	l.closeWhere(func(c *conn, p *plain.Conn) bool {
		if p != nil {
			return p.Stop()
		}
		return !c.used.Load()
	})
}

// closePlain closes the connections that net/http does not serve.
func (l *boundedListener) closePlain() {
	l.closeWhere(func(_ *conn, p *plain.Conn) bool { return p != nil })
}

func (l *boundedListener) closeWhere(close func(*conn, *plain.Conn) bool) {
	l.mu.Lock()
	var chosen []*conn
	for c, p := range l.conns {
		if close(c, p) {
			chosen = append(chosen, c)
		}
	}
	l.mu.Unlock()
	for _, c := range chosen {
		c.Close()
	}
}

// conn returns its slot when it is closed.
type conn struct {
	net.Conn
	listener *boundedListener
	unread   []byte    // what was read before net/http serves it
	headBy   time.Time // when the head that unread begins must have come; zero: net/http knows
	framing  framing
	used     atomic.Bool // the first bytes of a request have arrived
	closed   atomic.Bool
}

// Read is for net/http alone.
func (c *conn) Read(p []byte) (n int, err error) {
	if len(c.unread) > 0 {
		n = copy(p, c.unread)
		if c.unread = c.unread[n:]; len(c.unread) == 0 {
			c.unread = nil // its memory is free
		}
	} else {
		n, err = c.Conn.Read(p)
	}
	c.framing.watch(p[:n])
	return n, err
}

// SetReadDeadline is for net/http, whose first deadline is that of a head. It does not
// know when the client began with the one that was handed to it.
func (c *conn) SetReadDeadline(by time.Time) error {
	if !c.headBy.IsZero() {
		if c.headBy.Before(by) {
			by = c.headBy
		}
		c.headBy = time.Time{}
	}
	return c.Conn.SetReadDeadline(by)
}

func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	err := c.Conn.Close()
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	<-c.listener.slots
	return err
}

// CloseWrite is called by net/http, to end an answer before all of the request was
// read.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func connState(c net.Conn, state http.ConnState) {
	if x, ok := c.(*conn); ok && state == http.StateActive && !x.used.Load() {
		x.used.Store(true)
	}
}
