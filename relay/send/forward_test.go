package send_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
)

// The user and password that the tests' proxies ask for.
const (
	proxyUser, proxyPassword = "relay", "pa/ss:w0rd 1"
)

// credentials are those of a proxy's URL.
func credentials() *url.Userinfo { return url.UserPassword(proxyUser, proxyPassword) }

func basicCredentials() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
}

// forward is a proxy over HTTP that takes whatever name for the receiver at to.
// It tells which it was asked for.
func forward(to string, asked chan<- string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if req.Header.Get("Proxy-Authorization") != basicCredentials() {
				fmt.Fprintf(c, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			asked <- req.Method + " " + req.RequestURI
			next, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer next.Close()
			if req.Method == http.MethodConnect {
				io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
				join(c, next)
				return
			}
			req.Header.Del("Proxy-Authorization")
			req.Write(next)
			answer, err := http.ReadResponse(bufio.NewReader(next), req)
			if err != nil {
				return
			}
			answer.Write(c)
		}
	}
}

// join copies between two connections until one ends.
func join(a, b net.Conn) {
	go func() {
		io.Copy(a, b)
		a.Close()
	}()
	io.Copy(b, a)
}

// socks is a proxy by SOCKS5 that takes whatever name for the receiver at to,
// or, with a code, refuses.
func socks(to string, code byte, asked chan<- string) func(net.Conn) {
	return func(c net.Conn) {
		read := func(n int) []byte {
			b := make([]byte, n)
			io.ReadFull(c, b)
			return b
		}
		if offered := read(int(read(2)[1])); bytes.IndexByte(offered, 2) < 0 {
			c.Write([]byte{5, 0xff})
			io.Copy(io.Discard, c)
			return
		}
		c.Write([]byte{5, 2}) // user name and password
		name := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if name != proxyUser || password != proxyPassword {
			c.Write([]byte{1, 1})
			return
		}
		c.Write([]byte{1, 0})
		if kind := read(4)[3]; kind != 3 {
			c.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0}) // the name was not left to it
			return
		}
		host := string(read(int(read(1)[0])))
		asked <- fmt.Sprintf("SOCKS5 %s:%d", host, binary.BigEndian.Uint16(read(2)))
		c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		if code != 0 {
			return
		}
		next, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer next.Close()
		join(c, next)
	}
}

// proxyAt is the URL of a proxy with credentials.
func proxyAt(scheme, host string) *url.URL {
	return &url.URL{Scheme: scheme, User: credentials(), Host: host}
}

// overTCP serves a proxy.
func overTCP(t testing.TB, serve func(net.Conn)) (host string) {
	return listen(t, func(c *net.TCPConn) { serve(c) })
}
