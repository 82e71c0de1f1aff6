package httpd

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"sync"

	"sidehook/relay/httpd/plain"
)

// binding is one listener with what serves it: plain, and net/http once a request comes
// that is not plain.
type binding struct {
	*boundedListener
	guard   guard
	plain   *plain.Server
	http    *http.Server
	rest    *handover
	serving sync.WaitGroup // accept, and the connections that net/http does not serve
	socket  *socketFile    // to remove at the end; nil if it is not ours
}

func newBinding(l *boundedListener, g guard, file *socketFile) *binding {
	rest := &handover{Listener: l.Listener, conns: make(chan net.Conn), done: make(chan struct{})}
	rest.close = sync.OnceFunc(func() { close(rest.done) })
	return &binding{boundedListener: l, guard: g, rest: rest, socket: file}
}

// accept accepts connections until the listener is closed or fails.
func (b *binding) accept() error {
	for {
		c, err := b.Accept()
		if err != nil {
			return err
		}
		b.serving.Go(func() { b.serve(c) })
	}
}

// serve serves a connection until it ends, or net/http serves it.
func (b *binding) serve(c *conn) {
	defer func() {
		if v := recover(); v != nil {
			b.log.Error("internal error: a connection panicked", "panic", v, "stack", string(debug.Stack()))
			c.Close()
		}
	}()
	p := plain.New(b.plain, c.Conn)
	b.servedBy(c, p)
	unread, more := p.Serve()
	if !more {
		c.Close()
		return
	}
	c.unread, c.headBy = unread, p.HeadBy()
	b.servedBy(c, nil)
	b.rest.hand(c)
}

// wait waits until no connection is served here, and reports false if ctx is done first.
func (b *binding) wait(ctx context.Context) bool {
	done := make(chan struct{})
	go func() {
		b.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// handover is the listener of net/http. Its connections were accepted by another one.
type handover struct {
	net.Listener // for its address
	conns        chan net.Conn
	done         chan struct{}
	close        func() // once
}

// hand gives a connection to net/http, unless that has been shut down.
func (h *handover) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.close()
	return nil
}
