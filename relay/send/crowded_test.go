package send_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"sidehook/relay/send"
)

// A receiver with as many connections as it has room for leaves others waiting. Requests
// then take turns on those that it has, or share them.
func TestCrowdedReceiver(t *testing.T) {
	ca := newAuthority(t)
	for name, serve := range map[string]func(c *tls.Conn, crowded <-chan struct{}){
		"http/1.1": func(c *tls.Conn, crowded <-chan struct{}) {
			for r := bufio.NewReader(c); request(r); {
				<-crowded
				io.WriteString(c, answer200)
			}
		},
		"h2": func(c *tls.Conn, crowded <-chan struct{}) {
			new(http2.Server).ServeConn(c, &http2.ServeConnOpts{
				Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-crowded }),
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := serves(ca.issue(nil), name)
			var conns atomic.Int32
			crowded := make(chan struct{})
			address := "https://" + listen(t, func(c *net.TCPConn) {
				n := conns.Add(1)
				if n == 3 {
					close(crowded)
				}
				if n > 1 {
					io.Copy(io.Discard, c) // no handshake
				} else if secure := tls.Server(c, config); secure.Handshake() == nil {
					serve(secure, crowded)
				}
			})
			s := settings(t, address)
			s.Concurrency = 3
			q := begin(t, s, send.Options{Roots: ca.pool})
			q.add("1", "2", "3")
			for _, l := range q.wait(t, 3) {
				if l.Code != 200 {
					t.Errorf("got %d: %s", l.Code, l.Error)
				}
			}
		})
	}
}
