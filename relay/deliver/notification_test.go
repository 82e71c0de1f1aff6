package deliver_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/relay/deliver"
)

// Each change of a state and each delivery that is given up has a notification, with the
// event whose delivery brought it about.
func TestHappenings(t *testing.T) {
	var mu sync.Mutex
	var got []string
	o := deliver.Options{Notify: func(h deliver.Notification) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprint(h.Kind, " ", h.Webhook, " ", h.Event, " ", h.Type, ": ", h.Why))
	}}
	s := settings(t, "http://a.example")
	s.Retry, s.Concurrency = nil, 1
	var code atomic.Int64
	bubble(t, s, o, func(*http.Request) (int, error) { return int(code.Load()), nil }, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		notified := func(what string, want ...string) {
			t.Helper()
			time.Sleep(time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(got, want) {
				t.Errorf("%s: notified of\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			got = nil
		}
		code.Store(500)
		q.add("1", "2", "3", "4", "5")
		const gaveUp = "%d a %s order.paid: 500 Internal Server Error"
		notified("five failures",
			fmt.Sprintf(gaveUp, deliver.Exhausted, "1"), fmt.Sprintf(gaveUp, deliver.Exhausted, "2"),
			fmt.Sprintf(gaveUp, deliver.Exhausted, "3"), fmt.Sprintf(gaveUp, deliver.Exhausted, "4"),
			fmt.Sprintf(gaveUp, deliver.Exhausted, "5"), fmt.Sprintf(gaveUp, deliver.Failing, "5"))
		code.Store(200)
		q.add("6", "7")
		notified("a success", fmt.Sprintf("%d a 6 order.paid: it works again after 5 failed attempts in a row and 1m0s of failing", deliver.Recovered))
		code.Store(410)
		q.add("8", "9")
		notified("a 410", fmt.Sprintf("%d a 8 order.paid: 410 Gone: the receiver asked to stop", deliver.Disabled))
		code.Store(200)
		d.Enable("a")
		notified("enable", fmt.Sprintf("%d a  : an operator asked for it", deliver.Enabled))
		code.Store(410)
		q.add("10", "11")
		notified("another 410", fmt.Sprintf("%d a 10 order.paid: 410 Gone: the receiver asked to stop", deliver.Disabled))
		d.Apply(nil)
		notified("the removal of its entry")
		if state := q.State().Name; state != "active" {
			t.Errorf("a webhook whose entry is gone is %s", state)
		}
	})
}
