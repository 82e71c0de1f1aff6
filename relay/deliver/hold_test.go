package deliver_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
)

// While a receiver throttles no request at all goes to it (D8): not of what is new,
// and the longest time that it asked for counts. Then one request goes first. A
// person sees it, and the log says that it begins, that the answer is another one, and
// that it is over.
func TestHold(t *testing.T) {
	var text bytes.Buffer
	o := deliver.Options{Log: slog.New(slog.NewTextHandler(&text, nil))}
	s := settings(t, "http://a.example")
	var n atomic.Int64
	bubble(t, s, o, func(r *http.Request) (int, error) {
		switch n := n.Add(1); {
		case n == 1:
			time.Sleep(time.Second)
			return 0, throttle(429, "600")
		case n == 2:
			time.Sleep(2 * time.Second)
			return 0, throttle(503, "60") // asked for less, and later
		case n == 3:
			return 0, throttle(429, "600")
		}
		time.Sleep(time.Second)
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("1", "2")
		time.Sleep(3 * time.Second)
		q.add(ids(20)...)
		time.Sleep(5 * time.Minute)
		if n.Load() != 2 {
			t.Fatalf("%d requests while it is held, want 2: %s", n.Load(), show(q.all()))
		}
		want := deliver.Snapshot{State: "throttled", Since: begun.Add(time.Second), Why: "the receiver answered 503 Service Unavailable; nothing is sent until " + begun.Add(10*time.Minute+time.Second).UTC().Format(time.RFC3339), Next: begun.Add(10*time.Minute + time.Second)}
		if got, _ := d.Snapshot("a"); got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		time.Sleep(5*time.Minute - time.Second) // it has throttled again
		if n.Load() != 3 {
			t.Errorf("%d requests when it continues, want one more", n.Load())
		}
		time.Sleep(10*time.Minute + 10*time.Second)
		if n.Load() != 3+22 {
			t.Errorf("%d requests: %s", n.Load(), show(q.all()))
		}
		if got, _ := d.Snapshot("a"); got.Why != "" || got.State != "active" || len(q.states) > 0 {
			t.Errorf("got %+v, states %v", got, q.states)
		}
	})
	if got := text.String(); strings.Count(got, "\n") != 4 || strings.Count(got, "webhook is throttled: ") != 3 || !strings.Contains(got, "not throttled any more") || !strings.Contains(got, "answers=3") {
		t.Errorf("got the log\n%s", got)
	}
}

// A person who wants it tried, and an edit, end what the receiver has asked for.
// A reload without an edit does not.
func TestHoldEnds(t *testing.T) {
	s := settings(t, "http://a.example")
	var n atomic.Int64
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		n.Add(1)
		return 0, throttle(429, "3600")
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add("1")
		time.Sleep(time.Second)
		q.add("2")
		after := func(what string, want int64) {
			t.Helper()
			time.Sleep(time.Minute)
			if n.Load() != want {
				t.Errorf("%d requests after %s, want %d", n.Load(), what, want)
			}
		}
		after("the answer", 1)
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: s}})
		after("a reload without an edit", 1)
		d.RetryNow("a")
		after("Hasten", 2)
		edited := *s
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 3, Settings: &edited}})
		after("an edit", 3)
	})
}

// A request that an edit overtook holds what there is now no more than it
// disables it.
func TestHoldTooLate(t *testing.T) {
	s := settings(t, "http://a.example")
	edited := *s
	edited.Headers = []send.Header{{Name: "X-New", Value: "1"}}
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		if r.Header.Get("X-New") != "" {
			return 200, nil
		}
		time.Sleep(time.Second)
		return 0, throttle(429, "3600")
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add("1")
		time.Sleep(time.Millisecond)
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &edited}})
		time.Sleep(time.Minute)
		q.add("2")
		time.Sleep(time.Second)
		if got := q.all(); len(got) != 2 || got[1].Status != history.Delivered {
			t.Errorf("got %s", show(got))
		}
	})
}

// A restart does not send early, whatever is new (D8).
func TestHoldOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := newQueue(), settings(t, "http://a.example")
		var n atomic.Int64
		answer := receiver(func(*http.Request) (int, error) {
			if n.Add(1) == 1 {
				return 0, throttle(429, "3600")
			}
			return 200, nil
		})
		process := func(during func(*deliver.Deliverer)) {
			d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
			d.Through(answer)
			d.Apply(one(s))
			stop := run(t, d)
			during(d)
			stop()
		}
		begun := time.Now()
		process(func(*deliver.Deliverer) { q.add("1"); time.Sleep(time.Minute) })
		q.add("2")
		process(func(d *deliver.Deliverer) {
			time.Sleep(58 * time.Minute)
			q.add("3")
			if got, _ := d.Snapshot("a"); n.Load() != 1 || got.State != "throttled" || got.Why != "the receiver asked to be left alone until 2000-01-01T01:00:00Z" || !got.Next.Equal(begun.Add(time.Hour)) {
				t.Errorf("%d requests, %+v", n.Load(), got)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if n.Load() != 4 {
				t.Errorf("%d requests when the hour is over, want 4", n.Load())
			}
		})
	})
}
