package intake_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/intake"
)

func TestStopIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := serve(&journal{}, intake.Options{})
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got > 10*time.Millisecond {
			t.Errorf("took %v with no connection open", got)
		}
		if p.dial() != nil {
			t.Error("a connection got in after the stop")
		}
	})
}

// TestStopTellsKeptConnections has a client that sends another request while
// the listener stops.
func TestStopTellsKeptConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		p, stop := serve(j, intake.Options{})
		client, other := p.dial(), p.dial()
		client.send(t, request)
		client.answer(t)
		ended := make(chan error)
		go func() { ended <- stop() }()
		time.Sleep(100 * time.Millisecond)
		other.send(t, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		other.answer(t).check(t, 200, "{\"status\":\"ok\"}\n")
		other.closed(t)
		client.send(t, request)
		answer := client.answer(t)
		answer.check(t, 503, problem(503, -1, "sidehook is stopping"))
		if got := answer.Header.Get("Retry-After"); got != "5" {
			t.Errorf("Retry-After %q, want 5", got)
		}
		if !answer.Close {
			t.Error("the connection is kept")
		}
		client.closed(t)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := len(j.events()); n != 1 {
			t.Errorf("%d events, want the one before the stop", n)
		}
	})
}

// TestStopUnused does not wait for connections that never sent anything.
func TestStopUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := serve(&journal{}, intake.Options{})
		client := p.dial()
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got > time.Second {
			t.Errorf("took %v", got)
		}
		client.closed(t)
	})
}

// TestStopFinishesRequests has one in the journal, and one whose body comes
// slowly, when the stop begins.
func TestStopFinishesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{wait: func(context.Context) error { time.Sleep(3 * time.Second); return nil }}
		p, stop := serve(j, intake.Options{})
		waiting, slow := p.dial(), p.dial()
		waiting.send(t, request)
		slow.send(t, requestHead+`{"type":"a.b",`)
		synctest.Wait()
		ended := make(chan error)
		go func() { ended <- stop() }()
		time.Sleep(2 * time.Second)
		slow.send(t, `"id":"2"}`)
		waiting.answer(t).check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		slow.answer(t).check(t, 202, `{"id":"2","webhooks":["one"]}`+"\n")
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestStopIsBounded has a journal that hangs, and a body that never comes.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		j := &journal{wait: func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return cause
		}}
		p, stop := serve(j, intake.Options{})
		hanging, slow := p.dial(), p.dial()
		hanging.send(t, request)
		slow.send(t, requestHead)
		synctest.Wait()
		start := time.Now()
		err := stop()
		if want := "stop listener pipe: requests were still under way after 10s"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if got := time.Since(start); got != 10500*time.Millisecond {
			t.Errorf("took %v, want the linger and the bound", got)
		}
		if _, err := io.ReadAll(hanging); err != nil && err != io.ErrClosedPipe {
			t.Error(err)
		}
		synctest.Wait()
		if cause == nil || cause.Error() != err.Error() {
			t.Errorf("the journal was told %v", cause)
		}
		if n := len(j.events()); n != 0 {
			t.Errorf("%d events were kept", n)
		}
	})
}

// TestPanic has a journal that panics: the request fails, the next does not.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := true
		j := &journal{wait: func(context.Context) error {
			if panics {
				panics = false
				panic("out of order")
			}
			return nil
		}}
		p, stop := serve(j, intake.Options{})
		defer stop()
		client := p.dial()
		client.send(t, request)
		answer := client.answer(t)
		answer.check(t, 500, problem(500, -1, "sidehook failed on this request; its log says how"))
		if !answer.Close {
			t.Error("the connection is kept")
		}
		client = p.dial()
		client.send(t, request)
		client.answer(t).check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
	})
}
