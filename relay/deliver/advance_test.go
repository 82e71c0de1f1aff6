package deliver_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// of are the lines of one event.
func of(lines []line, event string) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.Event != event })
}

// After a recovery the deliveries that failed before it are tried at once. One that fails
// again waits as it did before, and has used up nothing of its schedule (D9).
func TestAdvancedInVain(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{time.Hour, 2 * time.Hour}
	var down atomic.Bool
	down.Store(true)
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		if down.Load() || r.Header.Get("Sidehook-Event") == "x" {
			return 500, nil
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("x", "1", "2", "3", "4")
		time.Sleep(10 * time.Second)
		down.Store(false)
		q.add("5")
		time.Sleep(time.Second)
		if n := len(q.all()); n != 11 {
			t.Errorf("%d attempts, want a second one at all: %s", n, show(q.all()))
		}
		time.Sleep(day)
		lines := of(q.all(), "x")
		if got, want := times(lines, begun), seconds(0, 10, 3600, 3*3600); !slices.Equal(got, want) {
			t.Fatalf("attempts at %v, want %v", got, want)
		}
		for i, l := range lines {
			if l.number != []int{1, 2, 2, 3}[i] || l.NoStep != (i == 1) || (l.Status == history.Exhausted) != (i == 3) {
				t.Errorf("got %+v", l)
			}
		}
	})
}

// So it is with a receiver that takes requests again, if it then throttles one
// that has begun to use up its schedule.
func TestUnthrottledInVain(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{5 * time.Hour, 5 * time.Hour}
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		if r.Header.Get("Sidehook-Event") == "x" {
			return 0, throttle(429, "3600")
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		begun := time.Now()
		q.add("x")
		time.Sleep(26 * time.Hour)
		q.add("1")
		time.Sleep(10 * day)
		lines := of(q.all(), "x")
		var want []time.Duration
		for hour := range time.Duration(25) {
			want = append(want, hour*time.Hour)
		}
		want = append(want, 26*time.Hour, 29*time.Hour, 34*time.Hour)
		if got := times(lines, begun); !slices.Equal(got, want) {
			t.Fatalf("attempts at %v, want %v", got, want)
		}
		if l := lines[25]; !l.NoStep || !l.next.Equal(begun.Add(29*time.Hour)) || lines[27].Status != history.Exhausted {
			t.Errorf("got %+v", l)
		}
	})
}

// One probe is in flight at most, also if one of an earlier time of failing hangs.
func TestProbeOfAnEarlierTime(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Concurrency, s.Retry, s.Timeout = 8, []time.Duration{time.Hour}, time.Hour
	bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
		switch r.Header.Get("Sidehook-Event") {
		case "slow": // in flight when the failures begin
			time.Sleep(20 * time.Second)
			return 200, nil
		case "hangs":
			time.Sleep(10 * time.Minute)
			return 200, nil
		}
		return 500, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		state := func(want string) {
			t.Helper()
			if got, _ := d.Snapshot("a"); got.State != want {
				t.Errorf("got %+v, want %s", got, want)
			}
		}
		q.add("slow", "slow", "slow")
		q.add(ids(5)...)
		time.Sleep(time.Second)
		state("failing")
		q.add("hangs") // is the probe
		time.Sleep(20 * time.Second)
		q.add(ids(8)...)
		time.Sleep(time.Second)
		state("failing") // again
		n := len(q.all())
		time.Sleep(time.Minute)
		if more := len(q.all()) - n; more > 0 {
			t.Errorf("%d more attempts beside the probe that hangs", more)
		}
	})
}
