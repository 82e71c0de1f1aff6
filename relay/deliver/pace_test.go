package deliver_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// At every rate no window has too many requests, nor many too few while deliveries wait;
// the first requests are made at once.
func rateKey(t *testing.T) {
	for _, rate := range []pace.Rate{
		{Requests: 5, Per: time.Second}, {Requests: 600, Per: time.Minute}, // package pace has more
	} {
		t.Run(strconv.Itoa(rate.Requests)+" in "+rate.Per.String(), func(t *testing.T) {
			var mu sync.Mutex
			var at []time.Time
			receiver := receiver(func(*http.Request) (int, error) {
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
				time.Sleep(3 * time.Millisecond)
				return 200, nil
			})
			s := settings(t, "http://a.example")
			s.Rate, s.Concurrency = rate, 16
			bubble(t, s, deliver.Options{}, receiver, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
				begun := time.Now()
				total := min(3*rate.Requests+2, 3000)
				for i := range total {
					q.add(strconv.Itoa(i))
				}
				most := time.Duration(total) * rate.Per / time.Duration(rate.Requests) * 105 / 100
				time.Sleep(most)
				mu.Lock()
				defer mu.Unlock()
				if len(at) != total {
					t.Errorf("%d requests within %v, want %d", len(at), most, total)
				}
				for i := range at {
					if next := i + rate.Requests; next < len(at) && at[next].Sub(at[i]) < rate.Per {
						t.Fatalf("requests %d to %d come within %v", i, next, at[next].Sub(at[i]))
					}
				}
				if first := at[0].Sub(begun); first != 0 {
					t.Errorf("the first comes after %v", first)
				}
			})
		})
	}
}

// The rate counts when requests arrive: some that are delayed on their way do not make a
// window too full. A receiver that only answers late gets hardly fewer.
func TestRateAsItArrives(t *testing.T) {
	rate := pace.Rate{Requests: 100, Per: time.Second}
	for name, c := range map[string]struct {
		way, answer time.Duration
		within      time.Duration
	}{
		"held up":       {80 * time.Millisecond, 0, 6 * time.Second},
		"late answers":  {0, 700 * time.Millisecond, 6 * time.Second},
		"neither":       {0, time.Millisecond, 5200 * time.Millisecond},
		"late and slow": {60 * time.Millisecond, time.Second, 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var at []time.Time
			receiver := receiver(func(r *http.Request) (int, error) {
				if n, _ := strconv.Atoi(r.Header.Get("Sidehook-Event")); n/40%2 == 0 {
					time.Sleep(c.way)
				}
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
				time.Sleep(c.answer)
				return 200, nil
			})
			s := settings(t, "http://a.example")
			s.Rate, s.Concurrency = rate, 1000
			bubble(t, s, deliver.Options{}, receiver, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
				const total = 500
				for i := range total {
					q.add(strconv.Itoa(i))
				}
				time.Sleep(c.within)
				mu.Lock()
				defer mu.Unlock()
				if len(at) != total {
					t.Errorf("%d requests within %v, want %d", len(at), c.within, total)
				}
				for i := range at {
					if next := i + rate.Requests; next < len(at) && at[next].Sub(at[i]) < rate.Per {
						t.Fatalf("requests %d to %d come within %v", i, next, at[next].Sub(at[i]))
					}
				}
			})
		})
	}
}

// A rate counts on over an edit of something else, and changes with its own.
func TestRateOverEdits(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Rate = pace.Rate{Requests: 1, Per: time.Minute}
	bubble(t, s, deliver.Options{}, always(200), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		q.add("1", "2", "3", "4")
		q.wait(t, 1)
		edited := *s
		edited.Timeout = time.Second
		d.Apply(one(&edited))
		time.Sleep(time.Minute)
		if n := len(q.all()); n != 1 {
			t.Errorf("%d requests within a minute, over an edit; want 1", n)
		}
		time.Sleep(2 * time.Second)
		if n := len(q.all()); n != 2 {
			t.Errorf("%d requests after a minute, want 2", n)
		}
		free := edited
		free.Rate = pace.Rate{}
		d.Apply(one(&free))
		time.Sleep(time.Millisecond)
		if n := len(q.all()); n != 4 {
			t.Errorf("%d requests without a rate, want 4", n)
		}
	})
}

// Below its rate a webhook's events are sent as they come, one at a time or not.
func TestBelowTheRate(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Rate = pace.Rate{Requests: 600, Per: time.Minute}
	bubble(t, s, deliver.Options{}, always(200), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		for i := range 1000 {
			q.add(strconv.Itoa(i))
			time.Sleep(130 * time.Millisecond)
			if n := len(q.all()); n != i+1 {
				t.Fatalf("event %d waits, %v after the first", i, time.Duration(i)*130*time.Millisecond)
			}
		}
	})
}
