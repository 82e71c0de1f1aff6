// Package http1 makes requests over HTTP/1.1, each in the goroutine that asks for it.
// What is different from the Transport of net/http is who does the work: that has two
// goroutines for each connection, which hand requests and answers to each other, and keeps
// 60 KiB for them while the connection is idle. Here a request is a write and a read, and
// an idle connection keeps nothing but itself. Answers are read by net/http.
//
// Package send dials the connections, and decides whether a request is made again.
package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

const (
	// inline is the size of the largest body that is written before the answer is read:
	// the buffers of the two systems have room for it, so that the write does not wait
	// for the receiver, who may answer without reading. Larger ones are written meanwhile.
	inline = 16 << 10
	// writeGrace is how long a complete answer waits for its request to be written. A
	// connection with a request that is cut off cannot carry another.
	writeGrace = 50 * time.Millisecond
)

var (
	readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}
	writers = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}
)

// ErrLargeHeaders is the error for an answer whose headers are larger than the pool's
// MaxHeaders.
var ErrLargeHeaders = errors.New("headers are too large")

// MalformedError is the error for what is no answer in HTTP.
type MalformedError struct{ Err error }

func (e *MalformedError) Error() string { return e.Err.Error() }
func (e *MalformedError) Unwrap() error { return e.Err }

// Observer is told how a request proceeds, by two goroutines if its body is large.
type Observer interface {
	// WroteRequest is called when the request is written, or could not be.
	WroteRequest(error)
	// GotFirstByte is called when the answer begins.
	GotFirstByte()
}

// Conn is a connection on which one request is made after another. Only one goroutine may
// use it at a time.
type Conn struct {
	net.Conn
	pool   *Pool
	tcp    net.Conn              // below Conn, where that is TLS, or Conn itself
	raw    syscall.RawConn       // of tcp
	peek   func(fd uintptr) bool // peekAt, allocated once
	peeked error                 // of the last peek
	idle   time.Time             // since when, while it is in the pool
	left   int                   // how much more may be read
}

// RoundTrip makes a request. The connection is the answer's until its body is closed: it
// is kept then if it can carry another request, and else closed. It is closed, too, if
// there is an error, which is the cause of the request's context if that has ended.
// Interim answers are skipped.
func (c *Conn) RoundTrip(r *http.Request, o Observer) (*http.Response, error) {
	a := &answer{conn: c, release: context.AfterFunc(r.Context(), func() { Interrupt(c.Conn) })}
	if r.ContentLength > inline {
		a.writing = make(chan error, 1)
		go func() { a.writing <- c.write(r, o) }()
	} else if err := c.write(r, o); err != nil {
		return nil, a.fail(r.Context(), err)
	}
	a.reader = readers.Get().(*bufio.Reader)
	a.reader.Reset(c)
	resp, err := c.readHead(r, o, a.reader)
	if err != nil {
		return nil, a.fail(r.Context(), err)
	}
	a.body, a.last = resp.Body, resp.Close || resp.StatusCode == http.StatusSwitchingProtocols
	if resp.Body == http.NoBody {
		a.end(true)
	} else {
		resp.Body = a
	}
	return resp, nil
}

// Interrupt ends what waits for a connection, and all that would.
func Interrupt(c net.Conn) { c.SetDeadline(past()) }

// past returns a deadline that has passed.
func past() time.Time { return time.Unix(1, 0) }

func (c *Conn) write(r *http.Request, o Observer) error {
	w := writers.Get().(*bufio.Writer)
	w.Reset(c.Conn)
	err := write(w, r, c.pool.AbsoluteURL)
	if err == nil {
		err = w.Flush()
	}
	w.Reset(nil)
	writers.Put(w)
	o.WroteRequest(err)
	return err
}

func (c *Conn) readHead(r *http.Request, o Observer, from *bufio.Reader) (*http.Response, error) {
	c.left = c.pool.MaxHeaders // interim answers included
	if _, err := from.Peek(1); err != nil {
		return nil, err
	}
	o.GotFirstByte()
	for {
		resp, err := http.ReadResponse(from, r)
		if err != nil {
			return nil, c.explain(err)
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			c.left = math.MaxInt
			return resp, nil
		}
	}
}

// explain tells apart what an error of ReadResponse can be: of the connection, of our
// limit, or of what was read.
func (c *Conn) explain(err error) error {
	var inNet net.Error
	switch {
	case c.left <= 0:
		return ErrLargeHeaders
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &inNet):
		return err
	}
	return &MalformedError{err}
}

// Read reads no more than is left.
func (c *Conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
