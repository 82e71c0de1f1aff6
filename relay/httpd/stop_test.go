package httpd_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/apitest"
)

func TestStopIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got > 10*time.Millisecond {
			t.Errorf("took %v with no connection open", got)
		}
		if p.Dial() != nil {
			t.Error("a connection got in after the stop")
		}
	})
}

// TestStopServesKeptConnections has a client that sends another request while
// the listener stops. It is served, as a restart must refuse nothing, and is the
// connection's last.
func TestStopServesKeptConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &apitest.Journal{}
		p, stop := apitest.Serve(j, apitest.Options{})
		client, other := p.Dial(), p.Dial()
		client.Send(t, apitest.Request)
		client.Answer(t)
		ended := make(chan error)
		go func() { ended <- stop() }()
		time.Sleep(100 * time.Millisecond)
		other.Send(t, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		other.Answer(t).Check(t, 200, "{\"status\":\"ok\"}\n")
		other.Closed(t)
		client.Send(t, apitest.Request)
		answer := client.Answer(t)
		if answer.StatusCode != 200 {
			t.Errorf("status %d, want 200 for what was accepted before", answer.StatusCode)
		}
		if !answer.Close {
			t.Error("the connection is kept")
		}
		client.Closed(t)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := len(j.Events()); n != 1 {
			t.Errorf("%d events, want the one before the stop", n)
		}
	})
}

// TestStopUnused does not wait for connections that never sent anything.
func TestStopUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := apitest.Serve(&apitest.Journal{}, apitest.Options{})
		client := p.Dial()
		synctest.Wait()
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got > time.Second {
			t.Errorf("took %v", got)
		}
		client.Closed(t)
	})
}

// TestStopFinishesRequests has one in the journal, and one whose body comes
// slowly, when the stop begins. Their answers say that no other may follow.
func TestStopFinishesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &apitest.Journal{Wait: func(context.Context) error { time.Sleep(3 * time.Second); return nil }}
		p, stop := apitest.Serve(j, apitest.Options{})
		waiting, slow := p.Dial(), p.Dial()
		waiting.Send(t, apitest.Request)
		slow.Send(t, apitest.RequestHead+`{"type":"a.b",`)
		synctest.Wait()
		ended := make(chan error)
		go func() { ended <- stop() }()
		time.Sleep(2 * time.Second)
		slow.Send(t, `"id":"2"}`)
		first, second := waiting.Answer(t), slow.Answer(t)
		first.Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
		second.Check(t, 202, `{"id":"2","webhooks":["one"]}`+"\n")
		if !first.Close || !second.Close {
			t.Errorf("a connection is kept: %v, %v", first.Close, second.Close)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestStopIsBounded has a journal that hangs, and a body that never comes.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		j := &apitest.Journal{Wait: func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return cause
		}}
		p, stop := apitest.Serve(j, apitest.Options{})
		hanging, slow := p.Dial(), p.Dial()
		hanging.Send(t, apitest.Request)
		slow.Send(t, apitest.RequestHead)
		synctest.Wait()
		start := time.Now()
		err := stop()
		if want := "stop listener pipe: requests were still in flight after 10s"; err == nil || err.Error() != want {
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
		if n := len(j.Events()); n != 0 {
			t.Errorf("%d events were kept", n)
		}
	})
}

// TestPanic has a journal that panics: the request fails, the next does not.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := true
		j := &apitest.Journal{Wait: func(context.Context) error {
			if panics {
				panics = false
				panic("out of order")
			}
			return nil
		}}
		p, stop := apitest.Serve(j, apitest.Options{})
		defer stop()
		client := p.Dial()
		client.Send(t, apitest.Request)
		answer := client.Answer(t)
		answer.Check(t, 500, apitest.Problem(500, -1, "internal error; see the log of sidehook"))
		if !answer.Close {
			t.Error("the connection is kept")
		}
		client = p.Dial()
		client.Send(t, apitest.Request)
		client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
	})
}
