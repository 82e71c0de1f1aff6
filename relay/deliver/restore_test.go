package deliver_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// D10: a rate counts on from the process before.
func TestRateOverAStart(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Rate, s.Concurrency = pace.Rate{Requests: 5, Per: time.Second}, 16
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add(ids(6)...)
		d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
		d.Through(always(200))
		d.Apply(one(s))
		// More may have been in flight at a crash than the rate allows.
		d.RestoreRate("a", pace.History{Since: time.Now().Add(-time.Minute), Unrecorded: 1000})
		begun := time.Now()
		run(t, d)
		if got := q.wait(t, 5)[0].at.Sub(begun); got != time.Second {
			t.Errorf("the first after %v, want 1s", got)
		}
	})
}

// Nothing that waits was in flight: nothing is held up for it.
func TestRateOverAStartWithNothingDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		s := settings(t, "http://a.example")
		s.Rate = pace.Rate{Requests: 1, Per: time.Minute}
		d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
		d.Through(always(200))
		d.Apply(one(s))
		d.RestoreRate("a", pace.History{Since: time.Now().Add(-time.Minute), Unrecorded: 1})
		d.RestoreRate("gone", pace.History{})
		run(t, d)
		begun := time.Now()
		q.add("1")
		q.wait(t, 1)
		if after := time.Since(begun); after != 0 {
			t.Errorf("it comes after %v", after)
		}
	})
}
