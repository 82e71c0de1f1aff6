package deliver_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// times are when the lines were written.
func times(lines []line, since time.Time) (at []time.Duration) {
	for _, l := range lines {
		at = append(at, l.at.Sub(since))
	}
	return at
}

func seconds(n ...time.Duration) []time.Duration {
	for i := range n {
		n[i] *= time.Second
	}
	return n
}

func ids(n int) (ids []string) {
	for i := range n {
		ids = append(ids, strconv.Itoa(i+1))
	}
	return ids
}

// A failing webhook that fails otherwise than before is logged, once for each
// change.
func TestFailingOtherwise(t *testing.T) {
	var text bytes.Buffer
	o := deliver.Options{Log: slog.New(slog.NewTextHandler(&text, nil))}
	s := settings(t, "http://a.example")
	s.Concurrency = 1
	n := 0
	bubble(t, s, o, func(*http.Request) (int, error) {
		switch n++; {
		case n <= 7: // the sixth is the first probe
			return 500, nil
		case n <= 9:
			return 502, nil
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(12)...)
		time.Sleep(10 * time.Minute)
	})
	var got []string
	for line := range strings.Lines(text.String()) {
		_, line, _ = strings.Cut(line, "level=")
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{
		`WARN msg="webhook is failing" webhook=a attempts=5 error="500 Internal Server Error"`,
		`WARN msg="webhook is failing for another reason" webhook=a attempts=8 error="502 Bad Gateway"`,
		`INFO msg="webhook has recovered" webhook=a failures=9 after=2m15s`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the log\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// After five failures in a row there is one probe at a time, of what is due
// longest, after waits that double; deliveries not begun use up nothing. A
// success ends it, and what was failing is recorded and logged once.
func TestFailing(t *testing.T) {
	var text bytes.Buffer
	o := deliver.Options{Log: slog.New(slog.NewTextHandler(&text, nil))}
	s := settings(t, "http://a.example")
	s.Concurrency = 1
	var up atomic.Bool
	bubble(t, s, o, func(*http.Request) (int, error) {
		if up.Load() {
			return 200, nil
		}
		return 500, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add(ids(12)...)
		time.Sleep(200 * time.Second)
		lines := q.all()
		if got, want := times(lines, begun), seconds(0, 0, 0, 0, 0, 5, 15, 35, 75, 135, 195); !slices.Equal(got, want) {
			t.Fatalf("attempts at %v, want %v", got, want)
		}
		for i, l := range lines {
			if l.seq != history.Seq(i+1) || l.number != 1 {
				t.Errorf("attempt %d is #%d of event %d", i, l.number, l.seq)
			}
		}
		want := deliver.Snapshot{State: "failing", Since: begun, Why: "500 Internal Server Error", LastHour: deliver.LastHour{Failed: 11}, LastError: "500 Internal Server Error", LastErrorAt: begun.Add(195 * time.Second), Next: begun.Add(255 * time.Second)}
		got, _ := d.Snapshot("a")
		got.LastHour.P50, got.LastHour.P99 = 0, 0
		if got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		q.add("new") // delays no probe and hastens none
		up.Store(true)
		time.Sleep(60 * time.Second)
		if lines = q.all()[11:]; len(lines) != 13 || lines[0].at.Sub(begun) != 255*time.Second || lines[0].seq != 12 {
			t.Fatalf("got %s", show(lines))
		}
		if got, want := q.states, []history.WebhookState{
			{Name: "failing", Since: begun, Why: "500 Internal Server Error"},
			{Name: "active", Since: begun.Add(255 * time.Second)},
		}; !slices.Equal(got, want) {
			t.Errorf("got states %+v", got)
		}
		if got, _ := d.Snapshot("a"); got.State != "active" || got.LastSuccess.IsZero() || !got.Next.IsZero() {
			t.Errorf("got %+v", got)
		}
	})
	if got := strings.Count(text.String(), "\n"); got != 2 || !strings.Contains(text.String(), "webhook is failing") || !strings.Contains(text.String(), "failures=11 after=4m15s") {
		t.Errorf("got the log\n%s", &text)
	}
}

// Failures among successes delay no other delivery.
func TestFailuresAmongSuccesses(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency = 1
	n := 0
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		if n++; n%5 == 0 {
			return 200, nil
		}
		return 500, nil
	}, func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(100)...)
		time.Sleep(time.Second)
		if len(q.all()) != 100 || len(q.states) > 0 {
			t.Errorf("%d attempts, states %v", len(q.all()), q.states)
		}
	})
}

// While a webhook is failing at most one probe is in flight, however slow; once
// it succeeds requests double with each success.
func TestRamp(t *testing.T) {
	var under, peak atomic.Int32
	var up atomic.Bool
	s := settings(t, "http://a.example")
	s.Concurrency = 8
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		n := under.Add(1)
		defer under.Add(-1)
		peak.Store(max(peak.Load(), n))
		time.Sleep(time.Second)
		if up.Load() {
			return 200, nil
		}
		return 500, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(200)...)
		time.Sleep(1500 * time.Millisecond) // eight have failed
		peak.Store(0)
		time.Sleep(60 * time.Second)
		if n := peak.Load(); n != 1 {
			t.Errorf("%d probes at once", n)
		}
		up.Store(true)
		d.RetryNow("a")
		var got []int32
		for range 6 {
			time.Sleep(500 * time.Millisecond)
			got = append(got, under.Load())
			time.Sleep(500 * time.Millisecond)
		}
		// Two successes at the third second double it twice.
		if want := []int32{1, 1, 2, 8, 8, 8}; !slices.Equal(got, want) {
			t.Errorf("requests in flight: %v, want %v", got, want)
		}
	})
}

// A webhook that was failing before a restart is probed at once; so is one
// whose waits are hastened or whose entry is changed.
func TestProbesAtOnce(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{time.Hour}
	bubble(t, s, deliver.Options{}, always(500), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(5)...)
		time.Sleep(4 * time.Second)
		at := func(what string, want int) {
			t.Helper()
			time.Sleep(time.Second / 2)
			if n := len(q.all()); n != want {
				t.Errorf("%d attempts after %s, want %d: %s", n, what, want, show(q.all()))
			}
		}
		at("the failures", 5)
		if !d.RetryNow("a") || d.RetryNow("b") {
			t.Error("Hasten knows other webhooks than there are")
		}
		at("Hasten", 6)
		q.RetryNow()
		at("waits that were hastened by themselves", 6)
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: s}})
		at("a reload without a change", 6)
		changed := *s
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 3, Settings: &changed}})
		at("a change", 7)
		if len(q.states) != 1 {
			t.Errorf("got states %v", q.states)
		}
	})
	bubble(t, s, deliver.Options{}, always(500), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		d.Apply(nil)
		q.state = history.WebhookState{Name: "failing", Since: time.Now().Add(-time.Hour), Why: "it was"}
		d.Apply(one(s))
		q.add(ids(5)...)
		time.Sleep(6 * time.Second)
		if n := len(q.all()); n != 2 { // the second one after 5 s
			t.Errorf("got %s", show(q.all()))
		}
		if got, _ := d.Snapshot("a"); got.State != "failing" || got.Why != "it was" || len(q.states) > 0 {
			t.Errorf("got %+v, states %v", got, q.states)
		}
	})
}

// A probe that is asked for while another is in flight is made after that one: the one in
// flight may have begun before the receiver was repaired.
func TestProbesAtOnceBehindAnother(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency = []time.Duration{time.Hour}, 1
	changed := *s
	for name, ask := range map[string]func(*deliver.Deliverer){
		"Hasten": func(d *deliver.Deliverer) { d.RetryNow("a") },
		"a change": func(d *deliver.Deliverer) {
			d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &changed}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			hangs := func(*http.Request) (int, error) { time.Sleep(10 * time.Second); return 500, nil }
			bubble(t, s, deliver.Options{}, hangs, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
				q.add(ids(9)...)
				time.Sleep(60 * time.Second) // the first probe has begun, and ends in 5 s
				ask(d)
				time.Sleep(16 * time.Second)
				if n := len(q.all()); n != 7 {
					t.Errorf("%d attempts have ended, want 7: the second probe at the end of the first", n)
				}
				time.Sleep(13 * time.Second)
				if n := len(q.all()); n != 7 {
					t.Errorf("%d attempts have ended, want 7: the third probe 5 s after the second", n)
				}
			})
		})
	}
}
