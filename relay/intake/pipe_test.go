package intake_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"sidehook/history/segment/memfs"
	"sidehook/relay/intake"
)

// pipes is a listener without a network, so that its connections can live in
// the time of a synctest bubble.
type pipes struct {
	dialled chan net.Conn
	done    chan struct{}
	close   func()
	errs    chan error // given by Accept before anything else
}

func newPipes() *pipes {
	p := &pipes{dialled: make(chan net.Conn), done: make(chan struct{}), errs: make(chan error, 16)}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case err := <-p.errs:
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

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// dial connects, or returns nil once the listener is closed.
func (p *pipes) dial() *client {
	near, far := net.Pipe()
	select {
	case p.dialled <- far:
		return &client{near, bufio.NewReader(near)}
	case <-p.done:
		return nil
	}
}

// client is one connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

// send writes part of a request.
func (c *client) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// answer reads the next answer; nil if the connection is closed.
func (c *client) answer(t *testing.T) *reply {
	t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return &reply{resp, string(body)}
}

// closed waits for the connection's end and fails if anything else comes.
func (c *client) closed(t *testing.T) {
	t.Helper()
	if rest, _ := io.ReadAll(c.r); len(rest) > 0 {
		t.Errorf("got %q, want the end", rest)
	}
}

// serve runs a Server on pipes, inside a bubble.
func serve(j *journal, opts intake.Options) (p *pipes, stop func() error) {
	p = newPipes()
	return p, serveOn(p, j, opts)
}

// serveFiles runs one that has a history.
func serveFiles(files *memfs.FS) (p *pipes, stop func() error) {
	p = newPipes()
	return p, serveWith(p, &journal{}, &operator{files: files}, intake.Options{})
}

func serveOn(p *pipes, j *journal, opts intake.Options) (stop func() error) {
	return serveWith(p, j, &operator{}, opts)
}

func serveWith(p *pipes, j *journal, o *operator, opts intake.Options) (stop func() error) {
	opts.Listeners = []net.Listener{p}
	s := intake.New(j, o, settings, opts)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

// request is a whole one, and its head alone.
const (
	requestHead = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n"
	request     = requestHead + `{"type":"a.b","id":"1"}`
)
