package deliver_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// An event that the receiver cannot take, among others that it can: it delays
// none of them, never makes the webhook failing, and ends by its own schedule,
// also if an outage comes between.
func TestPoison(t *testing.T) {
	t.Parallel()
	s := settings(t, "http://a.example")
	s.Retry = schedule
	var total time.Duration
	for _, wait := range schedule {
		total += wait
	}
	var mu sync.Mutex
	down := false
	var poisoned []time.Time
	accepted := map[string]time.Time{}
	var latest time.Duration
	bubbleOnJournal(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		id := r.Header.Get("Sidehook-Event")
		mu.Lock()
		defer mu.Unlock()
		if id == "7" {
			poisoned = append(poisoned, time.Now())
			return 500, nil
		}
		if down {
			return 503, nil
		}
		latest = max(latest, time.Since(accepted[id]))
		return 200, nil
	}, func(t *testing.T, x *relay) {
		begun := time.Now()
		n := 0
		post := func(until time.Duration) {
			for time.Since(begun) < until {
				n++
				mu.Lock()
				accepted[fmt.Sprint(n)] = time.Now()
				isDown := down
				mu.Unlock()
				x.accept(n, n)
				time.Sleep(time.Minute)
				if got, _ := x.Snapshot("a"); !isDown && got.State != "active" {
					t.Fatalf("after %v: %+v", time.Since(begun), got)
				}
			}
		}
		turn := func(to bool) {
			mu.Lock()
			defer mu.Unlock()
			if !down && latest > 0 {
				t.Errorf("a good event came %v late", latest)
			}
			down, latest = to, 0
		}
		post(day)
		// In an outage, the poison may serve as a probe, and a recovery may try it
		// before its time, which does not bring its end nearer.
		turn(true)
		post(30 * time.Hour)
		turn(false)
		time.Sleep(2 * time.Minute)
		mu.Lock()
		latest = 0
		mu.Unlock()
		post(total + time.Hour)
		turn(false)
		delivered, lost := x.deliveredAndLost()
		if delivered != n-1 || lost != 1 || x.ended[history.Exhausted] != 1 {
			t.Errorf("%d of %d delivered, %v", delivered, n, x.ended)
		}
		mu.Lock()
		defer mu.Unlock()
		end := poisoned[len(poisoned)-1].Sub(poisoned[0])
		if tries := len(poisoned); tries < len(schedule)+1 || tries > len(schedule)+2 || end < total || end > total+time.Minute {
			t.Errorf("the poison ended after %d attempts and %v, want %d or one more after %v", tries, end, len(schedule)+1, total)
		}
	})
}

// A receiver that answers nothing but 429 for a week: it is asked once each
// time that it allows, is never failing or disabled, and gets all in the end.
func TestAWeekOfThrottling(t *testing.T) {
	t.Parallel()
	const events = 200
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency, s.DisableAfter = slices.Concat(schedule, slices.Repeat([]time.Duration{day}, 4)), 16, 5*day
	var mu sync.Mutex
	var at []time.Time
	open := false
	bubbleOnJournal(t, s, deliver.Options{}, func(*http.Request) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if open {
			return 200, nil
		}
		at = append(at, time.Now())
		return 0, throttle(429, "1800")
	}, func(t *testing.T, x *relay) {
		begun := time.Now()
		x.accept(1, events)
		time.Sleep(7*day - time.Minute)
		if got, _ := x.Snapshot("a"); got.State != "throttled" || x.Queue("a").State().Name != "" || x.Queue("a").FailureStreak().Failures > 0 {
			t.Errorf("got %+v", got)
		}
		time.Sleep(time.Minute)
		mu.Lock()
		if n := len(at); n > 16+7*48 || n < 7*48 {
			t.Errorf("%d requests in a week of half hours", n)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); at[i].After(begun) && gap < 30*time.Minute {
				t.Fatalf("request %d comes %v after the one before", i, gap)
			}
		}
		open = true
		mu.Unlock()
		time.Sleep(31 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != events || lost > 0 {
			t.Errorf("%d delivered, %d given up", delivered, lost)
		}
	})
}

// A receiver that is up one minute in six, for a day: all arrives, nothing is
// worn out by it, the probes stay within their pace, and each change of state is
// told once.
func TestFlapping(t *testing.T) {
	t.Parallel()
	s := settings(t, "http://a.example")
	s.Retry, s.DisableAfter = schedule, 5*day
	var begun time.Time
	var mu sync.Mutex
	failures := map[int]int{} // requests in vain, by the minute
	up := func() bool { return int(time.Since(begun)/time.Minute)%6 == 0 }
	var told counter
	o := deliver.Options{Log: slog.New(slog.NewTextHandler(&told, nil))}
	bubbleOnJournal(t, s, o, func(*http.Request) (int, error) {
		time.Sleep(100 * time.Millisecond)
		if up() {
			return 200, nil
		}
		mu.Lock()
		failures[int(time.Since(begun)/time.Minute)]++
		mu.Unlock()
		return 503, nil
	}, func(t *testing.T, x *relay) {
		begun = time.Now()
		n := 0
		for time.Since(begun) < day {
			n++
			x.accept(n, n)
			time.Sleep(7 * time.Second)
		}
		time.Sleep(6 * time.Minute)
		if delivered, lost := x.deliveredAndLost(); delivered != n || lost > 0 {
			t.Errorf("%d of %d delivered, %d given up", delivered, n, lost)
		}
		mu.Lock()
		defer mu.Unlock()
		for minute, n := range failures {
			if n > 16 {
				t.Errorf("%d requests in minute %d", n, minute)
			}
		}
		if told > 2*24*10+10 {
			t.Errorf("%d lines in the log", told)
		}
	})
}

// counter counts what is written by the line.
type counter int

func (n *counter) Write(p []byte) (int, error) { *n++; return len(p), nil }
