// Package plain answers the requests that most senders of events make, without net/http,
// whose work for a request is several times that of accepting an event.
//
// A request is plain if it has one certain request line, gives the length of its body, and
// has only headers that parse knows. Nothing else is answered here: httpd hands the
// connection with all that has been read to net/http, which serves it from then on. So
// this package refuses nothing. A request in which anything is doubtful is not plain.
//
// It promises what httpd.Times says. httpd, its only caller, opens and closes the
// connections, and handles the requests.
package plain

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

// Times limit how long a client may take, as those of httpd do.
type Times struct{ Header, Body, Write, Idle time.Duration }

// Server has what all connections share.
type Server struct {
	Method, Path string // of the requests that are plain
	Times        Times
	// Handle answers a request. It must use neither of its arguments after it has
	// returned. An answer with Connection: close is the last one.
	Handle func(http.ResponseWriter, *http.Request)
}

// maxBody is the largest body of a plain request. What a handler has not read of it is
// read before the answer, so that the connection can be kept; net/http reads as much.
const maxBody = 256<<10 - 1

// linger is how long a client may go on sending after the last answer. net/http waits as
// long.
const linger = 500 * time.Millisecond

// Conn serves one connection.
type Conn struct {
	server *Server
	conn   net.Conn
	line   string // the first one of a plain request
	state  atomic.Int32

	buffer   []byte
	from, to int // of what is in the buffer and not used yet

	begun           time.Time // when the first bytes of the request came; zero: none have
	free            time.Time // when the last answer was ready; zero: there is none
	readBy, writeBy time.Time // the deadlines that are set
	request         http.Request
	head            head
	body            body
	answer          answer
}

// The states of a connection.
const (
	idle    int32 = iota // no request has come in full
	busy                 // a request is being answered
	last                 // and it is the last one
	stopped              // no request is answered any more
)

// bufferSize is how long the head of a plain request may be. net/http keeps as much
// memory for a connection.
const bufferSize = 4 << 10

// New makes a Conn of an open connection.
func New(server *Server, conn net.Conn) *Conn {
	c := &Conn{server: server, conn: conn, line: server.Method + " " + server.Path + " HTTP/1.1\r\n", buffer: make([]byte, bufferSize)}
	c.request = http.Request{
		Method: server.Method, URL: &url.URL{Path: server.Path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: &c.body,
	}
	c.body.conn = c
	c.answer.header = http.Header{}
	return c
}

// Stop lets a request that is being answered end as the last one, and tells its client so.
// It reports whether there is none, and none will be answered any more, so that the
// connection may be closed.
func (c *Conn) Stop() bool {
	for {
		switch state := c.state.Load(); {
		case state == idle && c.state.CompareAndSwap(idle, stopped):
			return true
		case state == busy && c.state.CompareAndSwap(busy, last):
			return false
		case state == last || state == stopped:
			return state == stopped
		}
	}
}

// Serve answers requests until one is not plain, and returns what has been read from its
// beginning on. It reports false if no more requests are to be answered: the client went
// away or was too slow, or an answer was the last one. The connection must then be closed.
func (c *Conn) Serve() (unread []byte, more bool) {
	c.begun = time.Now() // a client that has just connected must send its request at once
	for {
		size, ok := c.readHead()
		switch {
		case !ok:
			return nil, false
		case size < 0:
			return c.buffer[c.from:c.to], c.state.CompareAndSwap(idle, stopped)
		}
		if !c.state.CompareAndSwap(idle, busy) {
			return nil, false
		}
		c.from += size
		if !c.exchange() || !c.state.CompareAndSwap(busy, idle) {
			return nil, false
		}
		c.begun = time.Time{}
	}
}

// HeadBy returns when the rest of the head must have come that Serve returned.
func (c *Conn) HeadBy() time.Time { return c.begun.Add(c.server.Times.Header) }

// readHead reads until the head of a request has come, and returns its size; -1 if the
// request is not plain, or its head ends early. It reports false if none comes.
func (c *Conn) readHead() (size int, ok bool) {
	for {
		// Old clients send an empty line after a body, which is no part of it (RFC 9112,
		// section 2.2).
		for !c.free.IsZero() && c.from < c.to && (c.buffer[c.from] == '\r' || c.buffer[c.from] == '\n') {
			c.from++
		}
		if !c.free.IsZero() && c.from == c.to {
			c.from, c.to = 0, 0
		} else if c.begun.IsZero() {
			c.begun = time.Now()
		}
		if size = c.parse(c.buffer[c.from:c.to]); size != 0 {
			return size, true
		}
		if c.from > 0 {
			c.from, c.to = 0, copy(c.buffer, c.buffer[c.from:c.to])
		}
		if c.to == len(c.buffer) {
			return -1, true
		}
		by := c.HeadBy()
		if c.begun.IsZero() {
			by = c.free.Add(c.server.Times.Idle)
		}
		n, err := c.read(c.buffer[c.to:], by)
		if c.to += n; n == 0 && err != nil {
			return -1, err == io.EOF && c.from < c.to
		}
	}
}

// exchange handles the request whose head has been read, and answers it. It reports
// whether another one may follow.
func (c *Conn) exchange() bool {
	c.body.by = c.begun.Add(c.server.Times.Body)
	c.server.Handle(&c.answer, &c.request)
	closing := c.answer.closes()
	if !closing && (c.body.discard() != nil || c.state.Load() == last) {
		closing = true
		c.answer.header["Connection"] = []string{"close"}
	}
	c.free = time.Now()
	err := c.write(c.answer.bytes(c.free), c.begun.Add(c.server.Times.Write))
	c.answer.reset()
	if closing && err == nil {
		// A client that still sends could not read the answer if the connection were
		// closed at once.
		if by := time.Now().Add(linger); by.Before(c.body.by) {
			c.body.by = by
		}
		_ = c.body.discard()
	}
	return err == nil && !closing
}

// read reads what has come, and waits for it until a time. The deadline that is set is
// never later than that, and may be one of an earlier wait: setting one costs more than
// most reads.
func (c *Conn) read(p []byte, by time.Time) (int, error) {
	for {
		if c.readBy.IsZero() || c.readBy.After(by) {
			c.readBy = by
			if err := c.conn.SetReadDeadline(by); err != nil {
				return 0, err
			}
		}
		n, err := c.conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.readBy.Before(by) {
			return n, err
		}
		c.readBy = time.Time{}
	}
}

// write writes until a time, with a deadline as read has one.
func (c *Conn) write(p []byte, by time.Time) error {
	for {
		if c.writeBy.IsZero() {
			c.writeBy = by
			if err := c.conn.SetWriteDeadline(by); err != nil {
				return err
			}
		}
		n, err := c.conn.Write(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) || !c.writeBy.Before(by) {
			return err
		}
		p, c.writeBy = p[n:], time.Time{}
	}
}

// body is the body of the request.
type body struct {
	conn *Conn
	left int64     // bytes
	by   time.Time // when they must have come
}

func (b *body) Read(p []byte) (n int, err error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if c := b.conn; c.from < c.to {
		n = copy(p, c.buffer[c.from:c.to])
		c.from += n
	} else {
		n, err = c.read(p, b.by)
	}
	switch b.left -= int64(n); {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *body) Close() error { return nil }

// discard reads the rest of the body.
func (b *body) discard() error {
	if b.left == 0 {
		return nil
	}
	_, err := io.Copy(io.Discard, b)
	return err
}
