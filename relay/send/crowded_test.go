package send_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"sidehook/relay/send"
)

// A receiver with as many connections as it has room for leaves others waiting. Requests
// then take turns on those that it has.
func TestCrowdedReceiver(t *testing.T) {
	ca := newAuthority(t)
	config := serves(ca.issue(nil))
	var conns atomic.Int32
	crowded := make(chan struct{})
	address := "https://" + listen(t, func(c *net.TCPConn) {
		if n := conns.Add(1); n > 1 {
			if n == 3 {
				close(crowded)
			}
			io.Copy(io.Discard, c) // no handshake
			return
		}
		secure := tls.Server(c, config)
		for r := bufio.NewReader(secure); request(r); {
			<-crowded
			io.WriteString(secure, answer200)
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
}
