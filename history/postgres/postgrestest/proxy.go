package postgrestest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy forwards between a program and a server, and breaks what goes through it.
type Proxy struct {
	server   string
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex
	broken Break
	ended  chan struct{} // is closed when broken ends
	conns  map[net.Conn]struct{}
	delay  func() time.Duration
}

// Break is how a Proxy breaks connections.
type Break int

const (
	Nothing    Break = iota
	Refuse           // no connection is made, and those there are end
	CutRequest       // what is sent next does not arrive, and its connection ends
	CutAnswer        // what is sent next arrives, but its connection ends before the answer
	Hang             // answers do not arrive until it is over
)

// Proxy returns a proxy before the server, for as long as the test.
func (s *Server) Proxy(t testing.TB) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{server: s.Address(), listener: l, ended: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	p.done.Go(p.serve)
	t.Cleanup(func() {
		l.Close()
		p.Set(Refuse)
		p.done.Wait()
	})
	return p
}

// URL returns the address of the proxy, as Role.
func (p *Proxy) URL() string { return url(Role, p.listener.Addr().String()) }

// Set breaks connections from now on. CutRequest and CutAnswer happen once.
func (p *Proxy) Set(b Break) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = b
	close(p.ended)
	p.ended = make(chan struct{})
	if b == Refuse {
		for c := range p.conns {
			c.Close()
		}
	}
}

// Delay delays what is sent in either direction by what each call of delay returns; nil: no
// delay.
func (p *Proxy) Delay(delay func() time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// wait is how long what was sent takes.
func (p *Proxy) wait() {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	if delay != nil {
		time.Sleep(delay())
	}
}

// Broken returns how connections are broken now: Nothing, after it has happened once.
func (p *Proxy) Broken() Break {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// happens reports whether connections are broken in a way that happens once.
func (p *Proxy) happens(b Break) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != b {
		return false
	}
	p.broken = Nothing
	return true
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.done.Go(func() { p.connect(client) })
		}
	}
}

func (p *Proxy) connect(client net.Conn) {
	defer client.Close()
	if p.Broken() == Refuse {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()
	cut := make(chan struct{}) // is closed before the request of which the answer is cut
	p.done.Go(func() {
		defer client.Close()
		defer server.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if err != nil || p.happens(CutRequest) {
				return
			}
			if p.happens(CutAnswer) {
				close(cut)
			}
			p.wait()
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-cut:
			return
		default:
		}
		for p.Broken() == Hang {
			p.mu.Lock()
			ended := p.ended
			p.mu.Unlock()
			<-ended
		}
		p.wait()
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
