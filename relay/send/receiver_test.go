package send_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// listen serves each connection of a listener at loopback until the test ends.
func listen(t testing.TB, serve func(*net.TCPConn)) (host string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().String()
}

// raw is a receiver that does as it likes with each connection.
func raw(t testing.TB, serve func(*net.TCPConn, *bufio.Reader)) (address string) {
	return "http://" + listen(t, func(c *net.TCPConn) { serve(c, bufio.NewReader(c)) })
}

// rawTLS is a receiver whose serve gets both connections: that of TLS, and the one below
// it, with which it can close without a word.
func rawTLS(t testing.TB, config *tls.Config, serve func(*tls.Conn, *net.TCPConn, *bufio.Reader)) (address string) {
	return "https://" + listen(t, func(c *net.TCPConn) {
		secure := tls.Server(c, config)
		if secure.Handshake() == nil {
			serve(secure, c, bufio.NewReader(secure))
		}
	})
}

// request reads one request, and is false at the end.
func request(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	io.Copy(io.Discard, req.Body)
	return true
}

// says answers the first request of a connection with text, then waits until
// the other side has closed it.
func says(t testing.TB, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, text)
		io.Copy(io.Discard, r)
	})
}

// ends answers the first request of a connection with text, and closes it.
func ends(t testing.TB, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, text)
	})
}

// breaks answers the first request of a connection with text, and resets it
// once that has arrived.
func breaks(t testing.TB, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, text)
		time.Sleep(20 * time.Millisecond)
		reset(c)
	})
}

// reset closes a connection in the rude way.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// forever never ends its answer.
func forever(t testing.TB, head, more string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, head)
		for {
			if _, err := io.WriteString(c, more); err != nil {
				return
			}
		}
	})
}

// slowly never does so either, and takes its time.
func slowly(t testing.TB, head, text string) (address string) {
	return raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		request(r)
		io.WriteString(c, head)
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// bomb is little that unpacks to much.
func bomb() string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(make([]byte, 8<<20))
	w.Close()
	return b.String()
}
