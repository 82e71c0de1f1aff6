package deliver

import (
	"time"

	"golang.org/x/time/rate"
)

// Rate is how many requests may be made within a time. The zero Rate is no
// limit.
type Rate struct {
	Requests int
	Per      time.Duration
}

// pace keeps a webhook's requests to its rate. It belongs to the worker's lock.
// The nil pace is none.
type pace struct {
	Rate
	limiter *rate.Limiter
}

// stretch is the part by which a pace is slower than its rate allows, since
// requests that leave evenly do not arrive evenly.
const stretch = 50

// newPace returns nil for no limit.
//
// A bucket of b lets b requests through at once, and then one a tick. So that
// no window of time has more than n of them the tick is a window's n-b+1th part;
// the few that are let through at once make up for timers that are late.
func newPace(r Rate) *pace {
	if r == (Rate{}) {
		return nil
	}
	burst := 1 + r.Requests/stretch
	tick := (r.Per + r.Per/stretch) / time.Duration(r.Requests-burst+1)
	return &pace{r, rate.NewLimiter(rate.Every(tick), burst)}
}

// turn is one request that may be made at a time.
type turn struct {
	*rate.Reservation
	at time.Time
}

// next takes the turn of the next request, if that may be made now; else it says
// when.
func (p *pace) next() (t turn, at time.Time) {
	if p == nil {
		return turn{}, time.Time{}
	}
	now := time.Now()
	r := p.limiter.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return turn{}, now.Add(wait)
	}
	return turn{r, now}, time.Time{}
}

// giveBack lets another request have the turn.
func (t turn) giveBack() {
	if t.Reservation != nil {
		t.CancelAt(t.at)
	}
}
