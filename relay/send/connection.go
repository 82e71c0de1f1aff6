package send

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// connection is one of TCP that is closed with the others. Once the receiver has reset
// it, Write drops what it is given, and the next Read that fails returns the
// error of that Write: a request whose Write fails is given up, even if an answer
// is there to be read. After a Read has failed, no answer is, and Write fails as
// it does otherwise.
type connection struct {
	net.Conn
	of    *connections
	reset atomic.Pointer[error] // what Write failed with
	ended atomic.Bool           // a Read has failed, and not by its deadline
}

func (c *connections) follow(conn net.Conn) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	one := &connection{Conn: conn, of: c}
	c.open[one] = struct{}{}
	return one, nil
}

func (c *connection) Write(p []byte) (int, error) {
	if reset := c.reset.Load(); reset != nil {
		return c.drop(p, *reset)
	}
	n, err := c.Conn.Write(p)
	// Only these may be dropped: after a reset, Read does not block.
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		reset := err // a copy, so that only this one is allocated
		c.reset.Store(&reset)
		return c.drop(p, err)
	}
	return n, err
}

// drop ends a Write after the reset. It reads ended after reset is set, and Read
// does so in the opposite order, so one of them returns the error.
func (c *connection) drop(p []byte, reset error) (int, error) {
	if c.ended.Load() {
		return 0, reset
	}
	return len(p), nil
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.ended.Store(true)
		if reset := c.reset.Load(); reset != nil {
			err = *reset
		}
	}
	return n, err
}

// SyscallConn gives access to the system's connection.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	return c.Conn.(syscall.Conn).SyscallConn()
}

// Close closes the connection, and forgets it.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
