package deliver_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// owners is a webhook whose queue each owner opens anew.
type owners struct {
	*deliver.Deliverer
	queues []*fakeQueue // the next one is opened by the next Hold

	mu     sync.Mutex
	events []string // that the receiver got
}

// owned runs f with a webhook that nobody holds yet.
func owned(t *testing.T, s *deliver.Settings, r receiver, f func(*testing.T, *owners)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &owners{queues: []*fakeQueue{newQueue(), newQueue()}}
		next := 0
		x.Deliverer = deliver.New(func(string) deliver.Queue {
			next++
			return x.queues[next-1]
		}, quiet(deliver.Options{HoldEach: true}))
		x.Through(receiver(func(r2 *http.Request) (int, error) {
			x.mu.Lock()
			x.events = append(x.events, r2.Header.Get("Sidehook-Event"))
			x.mu.Unlock()
			return r(r2)
		}))
		x.Apply(one(s))
		stop := run(t, x.Deliverer)
		synctest.Wait()
		f(t, x)
		stop()
	})
}

// over reports whether Drop has let the queue go.
func over(released <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-released:
		return true
	default:
		return false
	}
}

// A webhook is held from Hold to Drop, and again: nothing is claimed outside of
// that, by whatever wakes it, and each owner's queue is its own.
func TestHoldAndDrop(t *testing.T) {
	s := settings(t, "http://a.example")
	owned(t, s, always(200), func(t *testing.T, x *owners) {
		first, second := x.queues[0], x.queues[1]
		first.add("1")
		time.Sleep(time.Minute)
		if _, ok := x.Snapshot("a"); ok || x.Enable("a") || x.RetryNow("a") || len(x.events) > 0 {
			t.Errorf("before Hold: %v were sent, and it is known: %t", x.events, ok)
		}
		if x.Hold("b", pace.History{}) {
			t.Error("Hold knows a webhook that is not there")
		}
		for range 2 {
			if !x.Hold("a", pace.History{}) {
				t.Error("Hold does not know the webhook")
			}
		}
		first.wait(t, 1)
		for _, name := range []string{"a", "a", "b"} { // held, dropped already, never held
			if !over(x.Drop(name)) {
				t.Errorf("Drop of %s is not over, with nothing in flight", name)
			}
		}
		first.add("lost")
		edited := *s
		x.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &edited}})
		if _, err := x.Test(context.Background(), "a", testEvent(1)); err != deliver.ErrNoWebhook {
			t.Errorf("a test of a webhook that was dropped: %v", err)
		}
		x.Enable("a")
		x.RetryNow("a")
		time.Sleep(time.Hour)
		second.add("2")
		if !x.Hold("a", pace.History{}) {
			t.Error("Hold is refused")
		}
		second.wait(t, 1)
		if want := []string{"1", "2"}; !slices.Equal(x.events, want) {
			t.Errorf("sent %v, want %v", x.events, want)
		}
		if got := second.configs; len(got) != 1 || got[0].Generation != 2 {
			t.Errorf("the second owner's queue knows %+v, want generation 2", got)
		}
	})
}

// Drop waits for what is in flight: it ends as usual and is recorded, and Hold is
// refused until then.
func TestDropWithRequestsInFlight(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency = 2
	var release chan struct{}
	owned(t, s, func(r *http.Request) (int, error) { return hanging(release)(r) }, func(t *testing.T, x *owners) {
		first := x.queues[0]
		release = make(chan struct{})
		first.add("1", "2", "3")
		x.Hold("a", pace.History{})
		time.Sleep(time.Second)
		tested := make(chan error, 1)
		go func() {
			_, err := x.Test(context.Background(), "a", testEvent(1))
			tested <- err
		}()
		synctest.Wait()
		dropped := x.Drop("a")
		if over(dropped) || x.Hold("a", pace.History{}) {
			t.Error("it is released, with requests in flight")
		}
		close(release)
		if !over(dropped) {
			t.Error("it is not released after the last request")
		}
		if err := <-tested; err != nil {
			t.Errorf("the test that was in flight: %v", err)
		}
		lines := first.all()
		if len(lines) != 3 || slices.ContainsFunc(lines, func(l line) bool { return l.Status != history.Delivered }) || first.InFlight() > 0 || len(first.fresh) != 1 {
			t.Errorf("%d leases are out, %d not begun: %s", first.InFlight(), len(first.fresh), show(lines))
		}
		x.queues[1].add("4")
		if !x.Hold("a", pace.History{}) {
			t.Error("Hold is refused after Drop is over")
		}
		x.queues[1].wait(t, 1)
	})
}

// slowClaims is a queue whose claims take a second, as if a file was read.
type slowClaims struct{ *fakeQueue }

func (q slowClaims) Claim(mode queue.ClaimMode) (deliver.Lease, bool) {
	time.Sleep(time.Second)
	return q.fakeQueue.Claim(mode)
}

// A delivery that a claim returns after Drop began is released without an attempt, before
// Drop is over.
func TestDropDuringAClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		d := deliver.New(func(string) deliver.Queue { return slowClaims{q} }, quiet(deliver.Options{}))
		d.Through(receiver(func(*http.Request) (int, error) { t.Error("a request was made"); return 200, nil }))
		d.Apply(one(settings(t, "http://a.example"))) // which holds it
		stop := run(t, d)
		q.add("1")
		time.Sleep(time.Second / 2)
		dropped := d.Drop("a")
		if over(dropped) {
			t.Error("it is released during a claim")
		}
		time.Sleep(time.Second)
		if !over(dropped) || q.InFlight() != 0 || q.Waiting() != 1 || len(q.all()) > 0 {
			t.Errorf("over: %t, %d in flight, %d wait: %s", over(dropped), q.InFlight(), q.Waiting(), show(q.all()))
		}
		d.Apply(one(settings(t, "http://a.example"))) // which does not hold it again
		time.Sleep(time.Minute)
		stop()
	})
}

// Hold restores what the owner before has left: health, throttling and rate.
func TestHoldRestores(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Entry = "v2"
	s.Rate = pace.Rate{Requests: 1, Per: time.Minute}
	for name, c := range map[string]struct {
		prepare func(*fakeQueue)
		state   string
		first   time.Duration // when the first request is made
	}{
		"nothing":   {func(*fakeQueue) {}, "active", 0},
		"throttled": {func(q *fakeQueue) { q.waits[0].throttled, q.waits[0].until = time.Now(), time.Now().Add(time.Hour) }, "throttled", time.Hour},
		"failing":   {func(q *fakeQueue) { q.state = history.WebhookState{Name: "failing", Since: time.Now()} }, "failing", 0},
		"disabled":  {func(q *fakeQueue) { q.state = history.WebhookState{Name: "disabled", Entry: "v2"} }, "disabled", -1},
		"disabled, and edited since": {func(q *fakeQueue) {
			q.state = history.WebhookState{Name: "disabled", Entry: "v1"}
		}, "active", 0},
		"used up": {nil, "active", 51200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			owned(t, s, always(500), func(t *testing.T, x *owners) {
				q := x.queues[0]
				q.waits = []item{{seq: 1, event: `{"specversion":"1.0","id":"1","source":"a","type":"t"}`, due: time.Now()}}
				requests := pace.History{Since: time.Now().Add(-time.Hour)}
				if c.prepare == nil {
					at := time.Now().Add(-10 * time.Second)
					requests.Requests = []pace.Request{{Begun: at, Ended: at}}
				} else {
					c.prepare(q)
				}
				begun := time.Now()
				x.Hold("a", requests)
				synctest.Wait()
				if got, _ := x.Snapshot("a"); got.State != c.state {
					t.Errorf("is %s, want %s", got.State, c.state)
				}
				time.Sleep(2 * time.Hour)
				switch lines := q.all(); {
				case c.first < 0 && len(lines) > 0:
					t.Errorf("got %s", show(lines))
				case c.first >= 0 && (len(lines) == 0 || lines[0].at.Sub(begun) != c.first):
					t.Errorf("want the first after %v, got %s at %v", c.first, show(lines), times(lines, begun))
				}
			})
		})
	}
}
