package httpd_test

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

	"sidehook/relay/apitest"
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
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{MaxConns: 2, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer stop()
		first, second := p.Dial(), p.Dial()
		got := make(chan *apitest.Client)
		go func() { got <- p.Dial() }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("a third connection was accepted")
		default:
		}
		if n := log.count("too many connections"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
		first.Close()
		third := <-got
		third.Send(t, apitest.Request)
		third.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		second.Send(t, apitest.Request)
		second.Answer(t).Check(t, 200, `{"id":"1","webhooks":["first"],"duplicate":true}`+"\n")
	})
}

func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		p := apitest.NewPipes()
		full := &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		for range 10 {
			p.Errs <- full
		}
		start := time.Now()
		stop := apitest.ServeOn(p, &apitest.Journal{}, apitest.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		client := p.Dial()
		// 5 ms, doubling to at most 1 s.
		if got, want := time.Since(start), 1275*time.Millisecond+2*time.Second; got != want {
			t.Errorf("accepted after %v, want %v", got, want)
		}
		client.Send(t, apitest.Request)
		client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		if n := log.count("cannot accept connections; trying again"); n != 1 {
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
		p := apitest.NewPipes()
		for range 16 {
			p.Errs <- syscall.ENFILE
		}
		stop := apitest.ServeOn(p, &apitest.Journal{}, apitest.Options{})
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
		p := apitest.NewPipes()
		p.Errs <- syscall.EBADF
		s := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{Listeners: []net.Listener{p}})
		err := s.Run(t.Context())
		if err == nil || err.Error() != "accept connections: bad file descriptor" {
			t.Errorf("got %v", err)
		}
	})
}
