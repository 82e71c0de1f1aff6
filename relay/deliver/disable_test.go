package deliver_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

const day = 24 * time.Hour

// A 410 ends its delivery and disables the webhook: nothing more is sent, and
// what waits and what comes is kept until it is enabled or its entry changes.
func TestGone(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency, s.Entry = 2, "v1"
	var n atomic.Int64
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		n.Add(1)
		switch r.Header.Get("Sidehook-Event") {
		case "bad":
			return 500, nil
		case "gone":
			return 410, nil
		case "late":
			time.Sleep(time.Second)
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		sent := func(what string, want int) {
			t.Helper()
			time.Sleep(time.Hour)
			if got := int(n.Load()); got != want {
				t.Errorf("%d requests after %s, want %d: %s", got, what, want, show(q.all()))
			}
		}
		q.add("bad", "late", "gone")
		time.Sleep(0)
		q.add("kept")
		sent("the 410", 3)
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: s}})
		d.RetryNow("a")
		sent("what is no edit", 3)
		if lines := q.all(); lines[1].Status != history.Failed || lines[1].Error != "410 Gone: the receiver asked to stop" || lines[2].Status != history.Delivered {
			t.Errorf("got %s", show(lines))
		}
		got, _ := d.Snapshot("a")
		if got.State != "disabled" || !got.Since.Equal(begun) || got.Why != "410 Gone: the receiver asked to stop" || !got.Next.IsZero() {
			t.Errorf("got %+v", got)
		}
		if !d.Enable("a") || d.Enable("b") {
			t.Error("Enable knows other webhooks than there are")
		}
		sent("Enable", 5+1) // the bad one twice, as its last wait has passed too
		q.add("gone")
		sent("another 410", 7)
		q.add("kept")
		edited := *s
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 3, Settings: &edited}})
		sent("an edit", 8)
		want := []history.WebhookState{
			{Name: "disabled", Since: begun, Why: got.Why, Entry: "v1"},
			{Name: "active", Since: begun.Add(2 * time.Hour)},
			{Name: "disabled", Since: begun.Add(3 * time.Hour), Why: got.Why, Entry: "v1"},
			{Name: "active", Since: begun.Add(4 * time.Hour)},
		}
		if !slices.Equal(q.states, want) {
			t.Errorf("got states %+v\nwant %+v", q.states, want)
		}
	})
}

// A request that an edit overtook says nothing of the entry there is now.
func TestGoneTooLate(t *testing.T) {
	s := settings(t, "http://a.example")
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		time.Sleep(time.Second)
		return 410, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add("1")
		time.Sleep(time.Millisecond)
		edited := *s
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &edited}})
		time.Sleep(time.Minute)
		if got, _ := d.Snapshot("a"); got.State != "active" || q.all()[0].Status != history.Failed {
			t.Errorf("got %+v: %s", got, show(q.all()))
		}
	})
}

// Nothing but failures for disable_after disables. Package health has the edges.
func disableAfterKey(t *testing.T) {
	long := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	for _, c := range []struct {
		name  string
		after time.Duration
		retry []time.Duration
		every time.Duration      // an event comes
		works func(day int) bool // the receiver does
		want  time.Duration      // when it is disabled; 0: not within 30 days
		why   string
	}{
		{"a dead receiver", 5 * day, long, time.Hour, func(int) bool { return false }, 5 * day, "nothing but failures for 5 days, the last: 500 Internal Server Error"},
		{"flapping", 5 * day, long, time.Hour, func(d int) bool { return d%4 == 3 }, 0, ""},
		{"a weekly event that fails once and works again", 5 * day, long, 7 * day, func(d int) bool { return d%7 != 0 }, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings(t, "http://a.example")
			s.Retry, s.DisableAfter, s.Concurrency = c.retry, c.after, 1
			begun := time.Now()
			bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
				if c.works(int(time.Since(begun) / day)) {
					return 200, nil
				}
				return 500, nil
			}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
				begun = time.Now()
				for time.Since(begun) < 30*day {
					q.add("1")
					time.Sleep(c.every)
				}
				got, _ := d.Snapshot("a")
				at := got.Since.Sub(begun)
				if c.want == 0 && got.State == "disabled" || c.want > 0 && (got.State != "disabled" || at < c.want || at > c.want+time.Hour || got.Why != c.why) {
					t.Errorf("got %s after %v: %s", got.State, at, got.Why)
				}
			})
		})
	}
}

// A restart honours what disabled a webhook, unless its entry was edited while
// no process ran; and the failure streak continues.
func TestDisabledOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		s := settings(t, "http://a.example")
		s.Entry, s.DisableAfter = "v1", 5*day
		process := func(s *deliver.Settings, during func(*deliver.Deliverer)) {
			d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
			d.Through(always(500))
			d.Apply(one(s))
			stop := run(t, d)
			during(d)
			stop()
		}
		state := func(d *deliver.Deliverer) string { s, _ := d.Snapshot("a"); return s.State }
		q.row = history.FailureStreak{Since: time.Now().Add(-6 * day), Failures: 9}
		process(s, func(d *deliver.Deliverer) {
			q.add("1")
			time.Sleep(time.Second)
			if got := state(d); got != "disabled" || !strings.Contains(q.state.Why, "6 days") {
				t.Errorf("got %s %+v", got, q.state)
			}
		})
		process(s, func(d *deliver.Deliverer) {
			time.Sleep(day)
			if got := state(d); got != "disabled" || len(q.all()) != 1 {
				t.Errorf("got %s: %s", got, show(q.all()))
			}
		})
		edited := *s
		edited.Entry = "v2"
		process(&edited, func(d *deliver.Deliverer) {
			time.Sleep(time.Second)
			if got := state(d); got != "active" || len(q.all()) != 2 || q.state.Name != "active" {
				t.Errorf("got %s: %s", got, show(q.all()))
			}
		})
	})
}

// A disabled webhook keeps its backlog, and delivers all of it once it is enabled.
func TestBacklogOfADisabledWebhook(t *testing.T) {
	s := settings(t, "http://a.example")
	var up bool
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		if up {
			return 200, nil
		}
		return 410, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		for i := range 1000 {
			q.add(strconv.Itoa(i))
		}
		time.Sleep(day)
		lost := len(q.all())
		if lost > s.Concurrency {
			t.Errorf("%d requests of a webhook that is gone", lost)
		}
		up = true
		d.Enable("a")
		time.Sleep(time.Minute)
		for _, l := range q.all()[lost:] {
			if l.Status != history.Delivered {
				t.Fatalf("got %+v", l)
			}
		}
		if n := len(q.all()); n != 1000 {
			t.Errorf("%d of 1000 ended", n)
		}
	})
}
