package pace_test

import (
	"testing"
	"time"

	"sidehook/relay/deliver/pace"
)

var start = time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)

// most returns the largest number of times within any window.
func most(at []time.Time, window time.Duration) (n int) {
	for i, first := 0, 0; i < len(at); i++ {
		for at[i].Sub(at[first]) >= window {
			first++
		}
		n = max(n, i-first+1)
	}
	return n
}

// At every rate no window has too many requests, and a thousand requests take hardly
// longer than they must, also if the answers are late.
func TestRate(t *testing.T) {
	for _, rate := range []pace.Rate{
		{Requests: 1, Per: time.Second}, {Requests: 5, Per: time.Second}, {Requests: 100, Per: time.Second},
		{Requests: 2000, Per: time.Second}, {Requests: 1, Per: time.Minute}, {Requests: 600, Per: time.Minute},
	} {
		for _, answered := range []time.Duration{0, rate.Per / 50, rate.Per} {
			p, now := pace.New(rate), start
			var left []time.Time
			type answer struct {
				at time.Time
				of pace.Reservation
			}
			var open []answer
			for range 1000 {
				for at := p.Next(now, 0); !at.IsZero(); at = p.Next(now, 0) {
					now = at
					for len(open) > 0 && !open[0].at.After(now) {
						open[0].of.Arrived(open[0].at)
						open = open[1:]
					}
				}
				left = append(left, now)
				open = append(open, answer{now.Add(answered), p.Take(now)})
			}
			if n := most(left, rate.Per); n > rate.Requests || !left[0].Equal(start) {
				t.Errorf("%v, answered after %v: %d within a window, the first after %v", rate, answered, n, left[0].Sub(start))
			}
			least := time.Duration(999) * rate.Per / time.Duration(rate.Requests)
			if took := now.Sub(start); took > least*120/100 {
				t.Errorf("%v, answered after %v: took %v, want about %v", rate, answered, took, least)
			}
		}
	}
}

// A burst of a fiftieth of the rate may leave at once, also while it is being
// prepared; then one a tick.
func TestBurst(t *testing.T) {
	p := pace.New(pace.Rate{Requests: 100, Per: time.Second})
	for n := range 5 {
		if at := p.Next(start, n); at.IsZero() != (n < 3) {
			t.Errorf("with %d about to leave, the next one leaves at %v", n, at)
		}
	}
	for range 3 {
		p.Take(start)
	}
	tick := p.Next(start, 0).Sub(start)
	if tick <= 0 || tick > 15*time.Millisecond {
		t.Errorf("the fourth leaves after %v", tick)
	}
	if got := p.Within(time.Second); got < 95 || got > 103 {
		t.Errorf("%d leave within a second", got)
	}
}

// A request that is not answered counts as arrived after a tenth of the time, and
// a late answer then changes nothing.
func TestArrival(t *testing.T) {
	for _, c := range []struct {
		name     string
		answered time.Duration
		want     time.Duration // when the second one may leave
	}{
		{"at once", 0, time.Second},
		{"after 50 ms", 50 * time.Millisecond, 1050 * time.Millisecond},
		{"after 100 ms", 100 * time.Millisecond, 1100 * time.Millisecond},
		{"late", 700 * time.Millisecond, 1100 * time.Millisecond},
	} {
		p := pace.New(pace.Rate{Requests: 1, Per: time.Second})
		r := p.Take(start)
		r.Arrived(start.Add(c.answered))
		now := start
		for at := p.Next(now, 0); !at.IsZero(); at = p.Next(now, 0) {
			now = at
		}
		if got := now.Sub(start); got != max(c.want, 1020*time.Millisecond) {
			t.Errorf("%s: the next one leaves after %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNoLimit(t *testing.T) {
	p := pace.New(pace.Rate{})
	p.Restore(start, pace.History{})
	r := p.Take(start)
	r.Arrived(start)
	if p != nil || !p.Next(start, 1000).IsZero() || r.Limited() || p.Rate() != (pace.Rate{}) {
		t.Errorf("got %+v", p)
	}
}

// D10 of package deliver: a rate of 5/s counts on from another process, whatever
// is known of that one's requests. Evenly, one leaves 204 ms after the other.
func TestRestore(t *testing.T) {
	ms := time.Millisecond
	ago := func(list ...time.Duration) (requests []pace.Request) {
		for _, d := range list {
			requests = append(requests, pace.Request{Begun: start.Add(-d), Ended: start.Add(-d)})
		}
		return requests
	}
	late := pace.Request{Begun: start.Add(-5 * time.Second), Ended: start}
	long := start.Add(-time.Minute)
	for name, c := range map[string]struct {
		history     pace.History
		first, most time.Duration // when the first request leaves, and the fifth at the latest
	}{
		"nothing":                {pace.History{Since: long}, 0, time.Second},
		"all used up":            {pace.History{Requests: ago(100*ms, 300*ms, 500*ms, 700*ms, 900*ms), Since: long}, 104 * ms, time.Second},
		"at once":                {pace.History{Requests: ago(0, 0, 0, 0, 0), Since: long}, time.Second, 2 * time.Second},
		"more than it allows":    {pace.History{Requests: ago(0, 0, 0, 0, 0, 0, 0, 100*ms, 900*ms), Since: long}, time.Second, 2 * time.Second},
		"long ago":               {pace.History{Requests: ago(1000*ms, 1000*ms, 1000*ms, 1000*ms, 1000*ms), Since: long}, 0, time.Second},
		"a clock set back":       {pace.History{Requests: ago(-time.Hour, -time.Hour, -time.Hour, -time.Hour, -time.Hour), Since: long}, time.Second, 2 * time.Second},
		"not all known":          {pace.History{Requests: ago(200 * ms), Since: start.Add(-600 * ms)}, 400 * ms, 1400 * ms},
		"none known":             {pace.History{Since: start}, time.Second, 2 * time.Second},
		"answered late":          {pace.History{Requests: []pace.Request{late, late, late, late, late}, Since: long}, 0, time.Second},
		"in flight at a crash":   {pace.History{Since: long, Unrecorded: 1000}, time.Second, 2 * time.Second},
		"two in flight and four": {pace.History{Requests: ago(900*ms, 900*ms, 900*ms, 900*ms), Since: long, Unrecorded: 2}, 100 * ms, time.Second},
	} {
		p, now := pace.New(pace.Rate{Requests: 5, Per: time.Second}), start
		p.Restore(now, c.history)
		var left []time.Duration
		for range 5 {
			for at := p.Next(now, 0); !at.IsZero(); at = p.Next(now, 0) {
				now = at
			}
			left = append(left, now.Sub(start))
			p.Take(now).Arrived(now)
		}
		if left[0] != c.first || left[4] > c.most {
			t.Errorf("%s: they leave after %v, want the first after %v and the fifth within %v", name, left, c.first, c.most)
		}
	}
}
