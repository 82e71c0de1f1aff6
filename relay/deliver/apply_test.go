package deliver_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
)

// A reload that leaves an entry as it is leaves its connection too; only the
// generation in the records is another. A changed entry gets a new one.
func TestReloadAndConnections(t *testing.T) {
	got := make(chan *http.Request, 1)
	s := settings(t, server(t, func(_ http.ResponseWriter, r *http.Request) { got <- r }).URL)
	q := newQueue()
	d := begin(t, q, s, deliver.Options{})
	var remotes []string
	another := func() {
		q.add("1")
		q.wait(t, len(remotes)+1)
		remotes = append(remotes, (<-got).RemoteAddr)
	}
	another()
	d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: s}})
	another()
	changed := *s
	changed.Headers = []send.Header{{Name: "X", Value: "y"}}
	d.Apply([]deliver.Webhook{{Name: "a", Generation: 3, Settings: &changed}})
	another()
	if remotes[0] != remotes[1] || remotes[1] == remotes[2] {
		t.Errorf("connections from %v", remotes)
	}
	for i, l := range q.all() {
		if l.Generation != history.Generation(i+1) || q.configs[i].Generation != history.Generation(i+1) {
			t.Errorf("attempt %d has generation %d, configuration %+v", i, l.Generation, q.configs[i])
		}
	}
}

// A webhook that is removed, off, paused or disabled sends nothing and loses nothing.
func TestStates(t *testing.T) {
	s := settings(t, "http://a.example")
	off, paused := *s, *s
	off.Off, paused.Paused = true, true
	bubble(t, s, deliver.Options{}, always(200), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		n := 0
		step := func(state string, hooks []deliver.Webhook, sent bool) {
			t.Helper()
			d.Apply(hooks)
			since := time.Now()
			q.add("1")
			time.Sleep(time.Minute)
			if n++; sent != (len(q.all()) == n) {
				t.Errorf("%s: %d of %d sent", state, len(q.all()), n)
			}
			got, ok := d.Snapshot("a")
			if !ok || got.State != state || !sent && got.Since.After(since) {
				t.Errorf("got %+v, want %s", got, state)
			}
		}
		step("active", one(s), true)
		step("off", one(&off), false)
		step("paused", one(&paused), false)
		step("orphaned", nil, false)
		step("active", one(s), true)
		d.Apply(nil)
		if _, ok := d.Snapshot("a"); ok {
			t.Error("a webhook with nothing left is still known")
		}

		// A restart honours what disabled it; an edit ends that.
		q.state = history.WebhookState{Name: "disabled", Since: time.Now(), Why: "410 Gone"}
		step("disabled", one(s), false)
		d.Apply(one(s))
		time.Sleep(time.Minute)
		if got, _ := d.Snapshot("a"); got.State != "disabled" || got.Why != "410 Gone" {
			t.Errorf("got %+v", got)
		}
		edited := *s
		step("active", one(&edited), true)
		if want := "active"; len(q.states) != 1 || q.states[0].Name != want {
			t.Errorf("got states %v", q.states)
		}
	})
}

// A pause changes nothing of how a webhook is doing: one that was failing is so
// still, and its failure streak continues.
func TestPauseKeepsHealth(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry, s.DisableAfter = nil, time.Hour
	paused := *s
	paused.Paused = true
	bubble(t, s, deliver.Options{}, always(500), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add(ids(20)...)
		time.Sleep(6 * time.Second)
		n := len(q.all())
		for range 3 {
			d.Apply(one(&paused))
			time.Sleep(25 * time.Minute)
			if got, _ := d.Snapshot("a"); got.State != "paused" || !got.Next.IsZero() || len(q.all()) != n {
				t.Errorf("got %+v, %d requests of it", got, len(q.all())-n)
			}
			again := *s
			d.Apply(one(&again))
			time.Sleep(time.Second) // for the probe
			n++
			if got, _ := d.Snapshot("a"); got.State != "failing" && got.State != "disabled" || len(q.all()) != n {
				t.Errorf("got %+v: %s", got, show(q.all()))
			}
		}
		q.add("21")
		time.Sleep(time.Minute)
		want := []string{"failing", "disabled"}
		if got := stateNames(q); !slices.Equal(got, want) || time.Since(begun) > 80*time.Minute {
			t.Errorf("got states %v, want %v", got, want)
		}
	})
}

func stateNames(q *fakeQueue) (names []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.states {
		names = append(names, s.Name)
	}
	return names
}

// Requests in flight end as they began when their entry changes or goes; what
// waits is made with the new settings, and never are more requests in flight
// than there may be.
func TestReloadUnderWay(t *testing.T) {
	s := settings(t, "http://a.example")
	var under atomic.Int32
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		under.Add(1)
		defer under.Add(-1)
		time.Sleep(time.Second)
		if r.Header.Get("X-New") == "" {
			return 500, nil
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(20)...)
		time.Sleep(500 * time.Millisecond)
		if n := under.Load(); n != 4 {
			t.Errorf("%d in flight, want 4", n)
		}
		changed := *s
		changed.Concurrency = 2
		changed.Headers = []send.Header{{Name: "X-New", Value: "1"}}
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &changed}})
		time.Sleep(time.Second)
		if n := under.Load(); n != 2 {
			t.Errorf("%d in flight, want 2", n)
		}
		d.Apply(nil)
		time.Sleep(time.Minute)
		lines := q.all()
		if len(lines) != 6 {
			t.Fatalf("got %s", show(lines))
		}
		for i, l := range lines {
			want := history.Retrying
			if i >= 4 {
				want = history.Delivered
			}
			if l.Status != want || l.Generation != history.Generation(1+i/4) {
				t.Errorf("line %d: %s of generation %d", i, l.Status, l.Generation)
			}
		}
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 3, Settings: &changed}})
		time.Sleep(time.Minute)
		if _, ok := q.Due(); ok || q.peak != 4 {
			t.Errorf("peak %d, %d lines", q.peak, len(q.all()))
		}
		if !slices.ContainsFunc(q.all(), func(l line) bool { return l.number == 2 && l.Status == history.Delivered }) {
			t.Error("no retry was delivered")
		}
	})
}

// An edit that shortens retry shortens the wait of what has failed before it;
// another edit does not.
func TestReloadShortensWaits(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{10 * time.Hour}
	times := make(chan time.Duration, 8)
	begun := time.Now()
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		times <- time.Since(begun)
		return 500, nil
	}, func(t *testing.T, x *relay) {
		begun = time.Now()
		x.accept(1, 1)
		time.Sleep(time.Hour)
		same := *s
		same.Timeout *= 2
		x.Deliverer.Apply(one(&same))
		time.Sleep(time.Hour)
		if n := len(times); n != 1 {
			t.Errorf("%d attempts after an edit of another key", n)
		}
		shorter := same
		shorter.Retry = []time.Duration{3 * time.Hour}
		x.Deliverer.Apply(one(&shorter))
		time.Sleep(4 * time.Hour)
		<-times
		if at := <-times; at != 3*time.Hour+18*time.Minute {
			t.Errorf("attempted after %v, want its new wait and a tenth of it", at)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.ended[history.Exhausted] != 1 {
			t.Errorf("ended as %v, want exhausted", x.ended)
		}
	})
}

// A goroutine that finds nothing to claim is no request in flight.
func TestNothingUnderWay(t *testing.T) {
	bubbleOnJournal(t, settings(t, "http://a.example"), deliver.Options{}, always(200), func(t *testing.T, x *relay) {
		for range 100 {
			x.RetryNow("a")
			if got, _ := x.Snapshot("a"); got.InFlight != 0 {
				t.Errorf("%d are in flight, and there is no delivery", got.InFlight)
				return
			}
		}
	})
}
