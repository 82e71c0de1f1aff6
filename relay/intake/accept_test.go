package intake_test

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/intake"
)

// logged is a log to look at.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func TestConnectionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		p, stop := serve(&journal{}, intake.Options{MaxConns: 2, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer stop()
		first, second := p.dial(), p.dial()
		got := make(chan *client)
		go func() { got <- p.dial() }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("a third connection was accepted")
		default:
		}
		if n := log.count("no more connections are accepted"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
		first.Close()
		third := <-got
		third.send(t, request)
		third.answer(t).check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		second.send(t, request)
		second.answer(t).check(t, 200, `{"id":"1","webhooks":["first"],"duplicate":true}`+"\n")
	})
}

func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		p := newPipes()
		full := &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		for range 10 {
			p.errs <- full
		}
		start := time.Now()
		stop := serveOn(p, &journal{}, intake.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		client := p.dial()
		// 5 ms, doubling to at most 1 s.
		if got, want := time.Since(start), 1275*time.Millisecond+2*time.Second; got != want {
			t.Errorf("accepted after %v, want %v", got, want)
		}
		client.send(t, request)
		client.answer(t).check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		if n := log.count("cannot accept connections for now"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestStopDuringAcceptErrors does not wait for the descriptors.
func TestStopDuringAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		for range 16 {
			p.errs <- syscall.ENFILE
		}
		stop := serveOn(p, &journal{}, intake.Options{})
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil || time.Since(start) > 500*time.Millisecond {
			t.Errorf("stopped after %v: %v", time.Since(start), err)
		}
	})
}

// TestListenerBreaks ends Run, so that a supervisor sees it.
func TestListenerBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		p.errs <- syscall.EBADF
		s := intake.New(&journal{}, &operator{}, settings, intake.Options{Listeners: []net.Listener{p}})
		err := s.Run(t.Context())
		if err == nil || err.Error() != "accept connections: bad file descriptor" {
			t.Errorf("got %v", err)
		}
	})
}
