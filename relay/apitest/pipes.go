package apitest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"sidehook/history/historytest"
)

// Pipes is a listener without a network, so that its connections can live in
// the time of a synctest bubble.
type Pipes struct {
	dialled chan net.Conn
	done    chan struct{}
	close   func()
	Errs    chan error // returned by Accept before anything else
}

// NewPipes makes one.
func NewPipes() *Pipes {
	p := &Pipes{dialled: make(chan net.Conn), done: make(chan struct{}), Errs: make(chan error, 16)}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

// Accept returns the next connection.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case err := <-p.Errs:
		return nil, err
	default:
	}
	select {
	case c := <-p.dialled:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close ends it.
func (p *Pipes) Close() error { p.close(); return nil }

// Addr is that of a socket.
func (p *Pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// Dial connects, or returns nil once the listener is closed.
func (p *Pipes) Dial() *Client {
	near, far := net.Pipe()
	select {
	case p.dialled <- far:
		return &Client{near, bufio.NewReader(near)}
	case <-p.done:
		return nil
	}
}

// Client is one connection.
type Client struct {
	net.Conn
	Answers *bufio.Reader
}

// Send writes part of a request.
func (c *Client) Send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// Answer reads the next answer; nil if the connection is closed.
func (c *Client) Answer(t *testing.T) *Reply {
	t.Helper()
	resp, err := http.ReadResponse(c.Answers, nil)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return &Reply{resp, string(body)}
}

// Closed waits for the connection's end and fails if anything else comes.
func (c *Client) Closed(t *testing.T) {
	t.Helper()
	if rest, _ := io.ReadAll(c.Answers); len(rest) > 0 {
		t.Errorf("got %q, want the end", rest)
	}
}

// Serve runs a Server on pipes, inside a bubble.
func Serve(j *Journal, opts Options) (p *Pipes, stop func() error) {
	p = NewPipes()
	return p, ServeOn(p, j, opts)
}

// ServeFiles runs one that has a history.
func ServeFiles(files *historytest.Disk) (p *Pipes, stop func() error) {
	p = NewPipes()
	return p, serveWith(p, &Journal{}, &Operator{Files: files}, Options{})
}

// ServeOn runs one on pipes that are given.
func ServeOn(p *Pipes, j *Journal, opts Options) (stop func() error) {
	return serveWith(p, j, &Operator{}, opts)
}

func serveWith(p *Pipes, j *Journal, o *Operator, opts Options) (stop func() error) {
	opts.Listeners = []net.Listener{p}
	return start(New(j, o, Settings, opts))
}

// Request is a whole request, and RequestHead only its head.
const (
	RequestHead = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n"
	Request     = RequestHead + `{"type":"a.b","id":"1"}`
)
