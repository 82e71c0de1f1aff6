package deliver_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// hanging answers when released, or when its request is canceled.
func hanging(release <-chan struct{}) receiver {
	return func(r *http.Request) (int, error) {
		select {
		case <-release:
			return 200, nil
		case <-r.Context().Done():
			return 0, context.Cause(r.Context())
		}
	}
}

// A stop waits for requests in flight, claims no more, and cuts what takes
// longer than the grace: recorded, due at once, and no attempt of the schedule.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, release := newQueue(), make(chan struct{})
		d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
		first := true
		d.Through(receiver(func(r *http.Request) (int, error) {
			if r.Header.Get("Sidehook-Event") == "1" && first {
				first = false
				return hanging(release)(r)
			}
			return hanging(nil)(r)
		}))
		s := settings(t, "http://a.example")
		s.Timeout, s.Concurrency = time.Minute, 2
		d.Apply(one(s))
		q.add("1", "2", "3")
		ctx, cancel := context.WithCancel(context.Background())
		begun := time.Now()
		time.AfterFunc(time.Second, cancel)
		time.AfterFunc(11*time.Second, func() { close(release) })
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 21*time.Second {
			t.Errorf("the stop took %v, want 20 s", took-time.Second)
		}
		lines := q.all()
		if len(lines) != 2 || lines[0].Status != history.Delivered || lines[0].at.Sub(begun) != 11*time.Second {
			t.Fatalf("got %s", show(lines))
		}
		if l := lines[1]; l.how != "release" || l.Status != history.Retrying || l.number != 1 || !l.next.Equal(l.at) ||
			l.Error != "cut off: sidehook stopped, and there was no answer within another 20s" {
			t.Errorf("got %+v", l)
		}
		if len(q.states) > 0 || len(q.fresh) != 1 {
			t.Errorf("got states %v, %d not begun", q.states, len(q.fresh))
		}
		q.wake() // a late one starts nothing
	})
}

// An attempt ends by its time-out, whose setting the error names.
func TestTimeout(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Timeout = 2 * time.Minute
	bubble(t, s, deliver.Options{}, hanging(nil), func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("1")
		time.Sleep(3 * time.Minute)
		if l := q.all()[0]; l.how != "retry" || l.at.Sub(begun) != s.Timeout || l.Took != s.Timeout || l.Error != "no connection within timeout 2m" {
			t.Errorf("got %+v", l)
		}
	})
}

// Ten thousand idle webhooks are little memory and no goroutines, and are
// applied at once.
func TestIdleWebhooks(t *testing.T) {
	const n = 10_000
	queues := make(map[string]*fakeQueue, n)
	hooks := make([]deliver.Webhook, n)
	s := settings(t, "http://127.0.0.1:1")
	for i := range hooks {
		hooks[i] = deliver.Webhook{Name: strconv.Itoa(i), Settings: s}
		queues[hooks[i].Name] = newQueue()
	}
	d := deliver.New(open(queues), quiet(deliver.Options{}))
	run(t, d)
	goroutines, before := runtime.NumGoroutine(), heap()
	begun := time.Now()
	d.Apply(hooks)
	took, used := time.Since(begun), heap()-before
	if n := runtime.NumGoroutine() - goroutines; n > 1 { // Run's own may have begun since
		t.Errorf("%d goroutines", n)
	}
	if used > 8<<20 || took > 5*time.Second { // far from what is measured, for machines that do much else
		t.Errorf("%d KiB, in %v", used>>10, took)
	}
	runtime.KeepAlive(d)
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A receiver that hangs with all its requests costs another one nothing; and
// after Run nothing is left of either.
func TestIsolation(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	t.Run("receivers", func(t *testing.T) {
		bad := settings(t, server(t, func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}).URL)
		bad.Timeout = time.Minute // more than the other one is waited for
		good := server(t, func(http.ResponseWriter, *http.Request) {})
		queues := map[string]*fakeQueue{"bad": newQueue(), "good": newQueue()}
		d := deliver.New(open(queues), quiet(deliver.Options{Grace: 100 * time.Millisecond}))
		d.Apply([]deliver.Webhook{{Name: "bad", Settings: bad}, {Name: "good", Settings: settings(t, good.URL)}})
		stop := run(t, d)
		for range 50 {
			queues["bad"].add("1")
		}
		for range 50 {
			queues["good"].add("1")
		}
		queues["good"].wait(t, 50)
		if !soon(func() bool { s, _ := d.Snapshot("bad"); return s.InFlight == bad.Concurrency }) {
			t.Errorf("fewer than %d requests in flight: %s", bad.Concurrency, show(queues["bad"].all()))
		}
		stop()
		for _, l := range queues["bad"].all() {
			if l.how != "release" || !strings.HasPrefix(l.Error, "cut off") {
				t.Errorf("got %+v", l)
			}
		}
	})
	if !soon(func() bool { return runtime.NumGoroutine() <= goroutines }) {
		stacks := make([]byte, 64<<10)
		t.Errorf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
	}
}

// soon reports whether something comes true.
func soon(ok func() bool) bool {
	for begun := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			return false
		}
	}
	return true
}
