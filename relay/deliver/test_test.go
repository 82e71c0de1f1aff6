package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
)

func testEvent(seq history.Seq) deliver.Lease {
	return deliver.Lease{
		Delivery: send.Delivery{
			Event: &event.Event{JSON: []byte(`{"specversion":"1.0","id":"t","source":"test","type":"sidehook.test"}`)}, Accepted: time.Now(), Attempt: 1,
		},
		Seq: seq,
	}
}

// A test is made at once, once and recorded, whatever the webhook's state; and
// its failure leaves the state as it is.
func TestTestsPastEveryState(t *testing.T) {
	for _, state := range []string{"active", "failing", "disabled", "paused", "off", "busy"} {
		for _, code := range []int{204, 500, 410} {
			t.Run(fmt.Sprint(state, " ", code), func(t *testing.T) {
				s := settings(t, "http://a.example")
				s.Paused, s.Off, s.Concurrency = state == "paused", state == "off", 1
				var now, takes atomic.Int64 // what a delivery is answered, and after how long
				now.Store(200)
				bubble(t, s, deliver.Options{}, func(r *http.Request) (int, error) {
					if r.Header.Get("Sidehook-Event") == "t" {
						return code, nil
					}
					time.Sleep(time.Duration(takes.Load()))
					return int(now.Load()), nil
				}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
					switch state {
					case "failing":
						now.Store(500)
						q.add("1", "2", "3", "4", "5", "6")
					case "disabled":
						now.Store(410)
						q.add("1")
					case "busy":
						takes.Store(int64(4 * time.Second))
						q.add("1", "2")
					}
					time.Sleep(time.Second)
					takes.Store(int64(4 * time.Second)) // what a test lets go on changes nothing yet
					before, _ := d.Snapshot("a")
					lines, begun := len(q.all()), time.Now()
					a, err := d.Test(t.Context(), "a", testEvent(99))
					if err != nil || time.Since(begun) != 0 || a.Code != code || a.Event != "t" {
						t.Errorf("got %+v, %v after %v", a, err, time.Since(begun))
					}
					want := history.Failed
					if code == 204 {
						want = history.Delivered
					}
					got := q.all()[lines]
					if got.how != "tested" || got.seq != 99 || got.Status != want || a.Status != want {
						t.Errorf("recorded %s", show(q.all()))
					}
					after, _ := d.Snapshot("a")
					if state == "failing" && code == 204 {
						before.State, before.LastSuccess = "active", begun // that it works is believed
						after.Since, after.Why, after.Next = before.Since, before.Why, before.Next
					}
					after.InFlight = before.InFlight
					if fmt.Sprint(after) != fmt.Sprint(before) {
						t.Errorf("it was %+v\nand is %+v", before, after)
					}
				})
			})
		}
	}
}

// However many tests fail, they are no failure streak; and one that succeeds
// ends no row that only deliveries may end.
func TestTestsAreNoFailures(t *testing.T) {
	s := settings(t, "http://a.example")
	s.DisableAfter = time.Hour
	bubble(t, s, deliver.Options{}, always(500), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		time.Sleep(time.Millisecond)
		for range 20 {
			if _, err := d.Test(t.Context(), "a", testEvent(1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if got, _ := d.Snapshot("a"); got.State != "active" || got.LastHour != (deliver.LastHour{}) {
			t.Errorf("got %+v", got)
		}
	})
}

// A test that cannot be made says why, and one that hangs ends by the time-out
// or by a stop, recorded either way.
func TestTestsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{Grace: time.Second}))
		d.Through(receiver(func(r *http.Request) (int, error) {
			<-r.Context().Done()
			return 0, context.Cause(r.Context())
		}))
		s := settings(t, "http://a.example")
		d.Apply(one(s))
		if _, err := d.Test(t.Context(), "a", testEvent(1)); !errors.Is(err, deliver.ErrNotRunning) {
			t.Errorf("before Run: %v", err)
		}
		stop := run(t, d)
		time.Sleep(time.Millisecond)
		if _, err := d.Test(t.Context(), "b", testEvent(1)); !errors.Is(err, deliver.ErrNoWebhook) {
			t.Errorf("an unknown one: %v", err)
		}
		begun := time.Now()
		a, err := d.Test(t.Context(), "a", testEvent(2))
		if err != nil || a.Error != "no connection within timeout 5s" || time.Since(begun) != 5*time.Second {
			t.Errorf("got %+v, %v after %v", a, err, time.Since(begun))
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Test(impatient, "a", testEvent(3)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		var asking sync.WaitGroup
		asking.Go(func() {
			a, err := d.Test(t.Context(), "a", testEvent(4))
			if err != nil || a.Error != "cut off: sidehook stopped, and there was no answer within another 1s" {
				t.Errorf("got %+v, %v", a, err)
			}
		})
		time.Sleep(time.Millisecond)
		stop()
		asking.Wait()
		if lines := q.all(); len(lines) != 3 || lines[1].seq != 4 && lines[2].seq != 4 {
			t.Errorf("recorded %s", show(lines))
		}
	})
}
