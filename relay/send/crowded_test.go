package send_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"sidehook/relay/send"
)

// crowded has room for one connection. Two more wait for their handshake until it closes.
type crowded struct {
	net.Listener
	config *tls.Config
	full   chan struct{} // is closed when they wait
	conns  []net.Conn
}

func (l *crowded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			for _, c := range l.conns {
				c.Close()
			}
			return nil, err
		}
		l.conns = append(l.conns, c)
		switch len(l.conns) {
		case 1:
			return tls.Server(c, l.config), nil
		case 3:
			close(l.full)
		}
	}
}

// A receiver with as many connections as it has room for leaves others waiting. Requests
// then take turns on those that it has, or share them.
func TestCrowdedReceiver(t *testing.T) {
	ca := newAuthority(t)
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			tcp, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l := &crowded{Listener: tcp, config: serves(ca.issue(nil), protocol), full: make(chan struct{})}
			receiver := http.Server{ErrorLog: discard, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				<-l.full
				if got := r.ProtoMajor; got == 2 != (protocol == "h2") {
					t.Errorf("a request over HTTP/%d", got)
				}
			})}
			go receiver.Serve(l)
			t.Cleanup(func() { receiver.Close() })
			s := settings(t, "https://"+tcp.Addr().String())
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
