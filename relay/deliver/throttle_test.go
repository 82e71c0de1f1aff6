package deliver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// How long a throttling answer has the webhook left alone, and that it says
// nothing against it. A 503 that does not ask for it is a failure.
func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer error
		retry  []time.Duration
		waits  []time.Duration // between the first attempts
		free   bool
	}{
		{"429 with seconds", throttle(429, "90"), seconds(5, 300), seconds(90, 90), true},
		{"503 with seconds", throttle(503, "90"), seconds(5, 300), seconds(90, 90), true},
		{"429 without", throttle(429), seconds(7, 300), seconds(7, 7), true},
		{"429 that cannot be read", throttle(429, "soon"), seconds(7, 300), seconds(7, 7), true},
		{"429 without, and no schedule", throttle(429), nil, seconds(5, 5), true},
		{"429 without, and a schedule of no waits", throttle(429), seconds(0, 0), seconds(1, 1), true},
		{"429 with no time", throttle(429, "0"), seconds(5, 300), seconds(1, 1), true},
		{"429 with a century", throttle(429, "3153600000"), seconds(5, 300), seconds(86400, 86400), true},
		{"503 without", throttle(503), seconds(5, 300), seconds(5, 300), false},
		{"503 that cannot be read", throttle(503, "soon"), seconds(5, 300), seconds(5, 300), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings(t, "http://a.example")
			s.Retry = c.retry
			bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) { return 0, c.answer }, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
				begun := time.Now()
				q.add("1")
				time.Sleep(c.waits[0] + c.waits[1] + time.Millisecond)
				lines := q.all()
				want := []time.Duration{0, c.waits[0], c.waits[0] + c.waits[1]}
				if got := times(lines[:min(3, len(lines))], begun); !slices.Equal(got, want) {
					t.Fatalf("attempts at %v, want %v", got, want)
				}
				if l := lines[0]; !l.Throttled.IsZero() != c.free || l.NoStep != c.free || l.Status != history.Retrying || (lines[1].number == 1) != c.free {
					t.Errorf("got %s", show(lines))
				}
				state := "active"
				if c.free {
					state = "throttled"
				}
				if got, _ := d.Snapshot("a"); got.State != state || c.free && got.LastHour.Failed > 0 {
					t.Errorf("got %+v, want %s", got, state)
				}
			})
		})
	}
}

// give_up_on comes before the usual meaning of a status.
func TestGiveUpOnThrottling(t *testing.T) {
	for _, code := range []int{429, 503} {
		s := settings(t, "http://a.example")
		s.GiveUpOn = []int{429, 503}
		bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) { return 0, throttle(code, "60") }, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
			q.add("1", "2")
			time.Sleep(time.Second)
			for _, l := range q.all() {
				if l.Status != history.Failed || !l.Throttled.IsZero() || !strings.HasSuffix(l.Error, "status listed in give_up_on") {
					t.Errorf("got %s %+v", l.how, l.Attempt)
				}
			}
			if n := len(q.all()); n != 2 {
				t.Errorf("%d of 2 ended: nothing is held", n)
			}
		})
	}
}

// A failing webhook that throttles its probe is left alone, stays failing, and
// is probed by the same delivery at no cost to it when the time is over.
func TestProbeThrottled(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency = 1
	n := 0
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		switch n++; {
		case n <= 5:
			return 500, nil
		case n == 6:
			return 0, throttle(429, "600")
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(8)...)
		time.Sleep(604 * time.Second)
		got, _ := d.Snapshot("a")
		if n != 6 || got.State != "failing" || got.LastHour.Failed != 5 || q.all()[5].Throttled.IsZero() {
			t.Errorf("%d requests, %+v", n, got)
		}
		time.Sleep(10 * time.Minute)
		got, _ = d.Snapshot("a")
		if lines := q.all(); got.State != "active" || lines[6].at.Sub(lines[5].at) != 10*time.Minute || len(lines) != 14 {
			t.Errorf("%+v: %s", got, show(lines))
		}
	})
}

// Throttling begins no failure streak, adds to none, and ends none.
func TestThrottlingAmongFailures(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency, s.Retry, s.DisableAfter = 1, nil, day
	n := 0
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		if n++; n%2 == 0 {
			return 0, throttle(429, "1")
		}
		return 500, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add(ids(9)...)
		time.Sleep(3500 * time.Millisecond)
		if got, _ := d.Snapshot("a"); got.State != "throttled" || got.LastHour.Failed != 4 {
			t.Errorf("after four failures: %+v", got)
		}
		time.Sleep(2 * time.Second)
		if got, _ := d.Snapshot("a"); got.State != "failing" || got.LastHour.Failed != 5 {
			t.Errorf("after the fifth: %+v", got)
		}
	})
}

// For a day it costs a delivery nothing to be throttled; then each time uses up
// a step, and it ends (D9).
func TestThrottledForLong(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{5 * time.Second, 5 * time.Hour}
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) { return 0, throttle(429, "3600") }, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("1")
		time.Sleep(30 * day)
		var want []time.Duration
		for hour := range time.Duration(26) {
			want = append(want, hour*time.Hour)
		}
		want = append(want, 30*time.Hour) // the second step is longer than what is asked for
		lines := q.all()
		if got := times(lines, begun); !slices.Equal(got, want) {
			t.Fatalf("attempts at %v, want %v", got, want)
		}
		for i, l := range lines {
			if l.NoStep != (i < 24) || l.number != max(1, i-23) || !l.Throttled.Equal(l.at.Add(time.Hour)) {
				t.Errorf("attempt %d: %+v", i+1, l)
			}
		}
		last := lines[len(lines)-1]
		if last.Status != history.Exhausted || last.Error != "429 Too Many Requests: throttled for 30h0m" {
			t.Errorf("got %s %q", last.Status, last.Error)
		}
		if got, _ := d.Snapshot("a"); got.State != "active" || len(q.states) > 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// A throttled attempt between failures uses up no step of the schedule: the next failure
// waits for the step after that of the last one.
func TestStepsAreCountedApart(t *testing.T) {
	s := settings(t, "http://a.example")
	answers := []error{throttle(429, "60"), throttle(500), throttle(429, "60"), throttle(503, "60"), throttle(500), throttle(429, "60"), throttle(500)}
	n := 0
	bubble(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		n++
		return 0, answers[n-1]
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("1")
		time.Sleep(day)
		lines := q.all()
		if got, want := times(lines, begun), seconds(0, 60, 65, 125, 185, 485, 545); !slices.Equal(got, want) {
			t.Errorf("attempts at %v, want %v", got, want)
		}
		if last := lines[len(lines)-1]; last.Status != history.Exhausted || last.number != 3 {
			t.Errorf("got %s", show(lines))
		}
	})
}
