package deliver_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/deliver"
	"sidehook/relay/deliver/pace"
)

// D10: a rate of 5/s counts on from the process before, whatever is known of that
// one's requests. Evenly, one comes 204 ms after the other.
func TestRateOverAStart(t *testing.T) {
	ago := func(list ...time.Duration) (requests []pace.Request) {
		for _, d := range list {
			requests = append(requests, pace.Request{Begun: time.Now().Add(-d), Ended: time.Now().Add(-d)})
		}
		return requests
	}
	long := func() time.Time { return time.Now().Add(-time.Minute) }
	for name, c := range map[string]struct {
		past        func() pace.History
		first, most time.Duration // when the first request comes, and the fifth at the latest
	}{
		"nothing": {func() pace.History { return pace.History{Since: long()} }, 0, time.Second},
		"all used up": {func() pace.History {
			return pace.History{Requests: ago(100*time.Millisecond, 300*time.Millisecond, 500*time.Millisecond, 700*time.Millisecond, 900*time.Millisecond), Since: long()}
		}, 104 * time.Millisecond, time.Second},
		"at once": {func() pace.History { return pace.History{Requests: ago(0, 0, 0, 0, 0), Since: long()} }, time.Second, 2 * time.Second},
		"more than it allows": {func() pace.History {
			return pace.History{Requests: ago(0, 0, 0, 0, 0, 0, 0, 100*time.Millisecond, 900*time.Millisecond), Since: long()}
		}, time.Second, 2 * time.Second},
		"long ago": {func() pace.History {
			return pace.History{Requests: ago(time.Second, time.Second, time.Second, time.Second, time.Second), Since: long()}
		}, 0, time.Second},
		"by a clock that was set back": {func() pace.History {
			return pace.History{Requests: ago(-time.Hour, -time.Hour, -time.Hour, -time.Hour, -time.Hour), Since: long()}
		}, time.Second, 2 * time.Second},
		"not all known": {func() pace.History {
			return pace.History{Requests: ago(200 * time.Millisecond), Since: time.Now().Add(-600 * time.Millisecond)}
		}, 400 * time.Millisecond, 1400 * time.Millisecond},
		"none known": {func() pace.History { return pace.History{Since: time.Now()} }, time.Second, 2 * time.Second},
		"answered late": {func() pace.History {
			now := time.Now()
			r := pace.Request{Begun: now.Add(-5 * time.Second), Ended: now}
			return pace.History{Requests: []pace.Request{r, r, r, r, r}, Since: long()}
		}, 0, time.Second},
		"under way at a crash": {func() pace.History { return pace.History{Since: long(), Unrecorded: 1000} }, time.Second, 2 * time.Second},
		"two under way at a crash": {func() pace.History {
			return pace.History{Requests: ago(900*time.Millisecond, 900*time.Millisecond, 900*time.Millisecond, 900*time.Millisecond), Since: long(), Unrecorded: 2}
		}, 100 * time.Millisecond, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				for i := range 6 {
					q.add(strconv.Itoa(i))
				}
				s := settings(t, "http://a.example")
				s.Rate, s.Concurrency = pace.Rate{Requests: 5, Per: time.Second}, 16
				d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(deliver.Options{}))
				d.Through(always(200))
				d.Apply(one(s))
				d.RestoreRate("a", c.past())
				begun := time.Now()
				run(t, d)
				q.wait(t, 5)
				lines := q.all()
				if got := lines[0].at.Sub(begun); got != c.first {
					t.Errorf("the first after %v, want %v", got, c.first)
				}
				if got := lines[4].at.Sub(begun); got > c.most {
					t.Errorf("the fifth after %v, want %v at most", got, c.most)
				}
			})
		})
	}
}

// Nothing that waits was under way: nothing is held up for it.
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
