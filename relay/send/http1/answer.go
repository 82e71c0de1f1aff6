package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// answer is the body of an answer, and has its connection until it ends.
type answer struct {
	conn    *Conn
	body    io.ReadCloser
	reader  *bufio.Reader
	release func() bool // ends the watch over the request's context
	writing chan error  // gets the result of writing the request; nil: that has ended well
	last    bool        // no request may follow on this connection
	ended   bool
}

func (a *answer) Read(p []byte) (int, error) {
	if a.ended {
		return 0, io.EOF
	}
	n, err := a.body.Read(p)
	if err != nil {
		a.end(err == io.EOF)
	}
	return n, err
}

// Close closes the connection if the body has not been read to its end.
func (a *answer) Close() error {
	a.end(false)
	return nil
}

// end keeps the connection for the next request, if it can carry one; whole says that the
// answer has been read to its end.
func (a *answer) end(whole bool) {
	if a.ended {
		return
	}
	a.ended = true
	if a.release() && whole && !a.last && a.reader.Buffered() == 0 && a.written() && a.conn.drained() {
		a.conn.pool.put(a.conn)
	} else {
		a.close()
	}
	a.reader.Reset(nil)
	readers.Put(a.reader)
}

// written reports whether the request was written whole.
func (a *answer) written() bool {
	if a.writing == nil {
		return true
	}
	select {
	case err := <-a.writing:
		a.writing = nil
		return err == nil
	case <-time.After(writeGrace):
		return false
	}
}

// close closes the connection, and returns what kept the request from being written: nil
// if it was, or if only that.
func (a *answer) close() error {
	if c := a.conn; c.Conn == c.tcp {
		c.Close()
	} else {
		// TLS says goodbye, and waits seconds for a receiver that does not read.
		go c.Close()
	}
	if a.writing == nil {
		return nil
	}
	err := <-a.writing
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// fail ends a request without an answer, and returns why. What the connection could not
// write comes before what it could not read.
func (a *answer) fail(ctx context.Context, err error) error {
	a.ended = true
	a.release()
	if unwritten := a.close(); unwritten != nil {
		err = unwritten
	}
	if a.reader != nil {
		a.reader.Reset(nil)
		readers.Put(a.reader)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
