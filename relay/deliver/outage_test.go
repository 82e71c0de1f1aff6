package deliver_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/relay/deliver"
)

// schedule is the one that a webhook has unless its entry says otherwise.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// A receiver is down for a working day, with more waiting than is prefetched:
// it is asked about once a minute, nothing is given up, and all arrives within
// two minutes of its return, the first few one at a time.
func TestOutage(t *testing.T) {
	t.Parallel()
	const events = 20_000
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency, s.DisableAfter = schedule, 16, 5*day
	var mu sync.Mutex
	var up bool
	var under, requests, peak int
	var ramp []int // requests in flight at the first ones after the return
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		mu.Lock()
		requests++
		under++
		peak = max(peak, under)
		works := up
		if works && len(ramp) < 40 {
			ramp = append(ramp, under)
		}
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		under--
		mu.Unlock()
		if works {
			return 200, nil
		}
		return 503, nil
	}, func(t *testing.T, x *relay) {
		x.accept(1, events)
		time.Sleep(10 * time.Minute)
		mu.Lock()
		first := requests
		mu.Unlock()
		if first > 16+16 {
			t.Errorf("%d requests in the first ten minutes", first)
		}
		time.Sleep(7*time.Hour + 50*time.Minute)
		mu.Lock()
		if n := requests - first; n > 470 || n < 420 {
			t.Errorf("%d requests in 7h50m", n)
		}
		up, peak = true, 0
		mu.Unlock()
		if got, _ := x.Snapshot("a"); got.State != "failing" {
			t.Errorf("got %+v", got)
		}
		time.Sleep(2 * time.Minute)
		delivered, lost := x.deliveredAndLost()
		if delivered != events || lost > 0 || x.Queue("a").Backlog().Events > 0 {
			t.Errorf("%d delivered and %d given up two minutes after its return, %+v", delivered, lost, x.Queue("a").Backlog())
		}
		mu.Lock()
		defer mu.Unlock()
		if peak != 16 || ramp[0] != 1 || ramp[1] != 1 {
			t.Errorf("at most %d requests, at first %v", peak, ramp)
		}
		for i, n := range ramp { // the probe; then twice as many with each success
			if i > 0 && n > 1<<(i-1) {
				t.Errorf("%d requests in flight after %d successes at most: %v", n, i, ramp)
				break
			}
		}
	})
}

// Events that trickle in while a receiver is down are tried and tried again, so
// that by its return the next attempts at many are hours ahead: they are made
// then all the same.
func TestOutageOfATrickle(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = schedule
	var up atomic.Bool
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		if up.Load() {
			return 200, nil
		}
		return 503, nil
	}, func(t *testing.T, x *relay) {
		n := 0
		for begun := time.Now(); time.Since(begun) < 8*time.Hour; time.Sleep(3 * time.Minute) {
			n++
			x.accept(n, n)
		}
		up.Store(true)
		n++
		x.accept(n, n)
		time.Sleep(2 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != n || lost > 0 {
			t.Errorf("%d of %d delivered, %d given up", delivered, n, lost)
		}
	})
}
