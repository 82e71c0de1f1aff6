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

// pace keeps a webhook's requests to its rate, as the receiver counts them. It
// belongs to the worker's lock. The nil pace is none.
type pace struct {
	Rate
	limiter *rate.Limiter
	arrived []time.Time // by when each of the last Requests requests was there, in a ring
	oldest  int         // of arrived, once that is full
}

// A pace is slower than its rate allows by a part of it, the stretch, since
// requests that leave evenly do not arrive evenly. One that is held up for longer
// has arrived when it is answered; grace is the part of the rate's time that this
// is awaited, so that a receiver that answers late gets hardly fewer requests.
const (
	stretch = 50
	grace   = 10
)

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
	return &pace{Rate: r, limiter: rate.NewLimiter(rate.Every(tick), burst)}
}

// turn is one request that may be made at a time.
type turn struct {
	*rate.Reservation
	pace    *pace
	at      time.Time
	slot    int       // of the pace's arrived
	arrives time.Time // what stands there for as long as it is this turn's
}

// next takes the turn of the next request, if that may be made now; else it says
// when.
func (p *pace) next() (t turn, at time.Time) {
	if p == nil {
		return turn{}, time.Time{}
	}
	now := time.Now()
	if len(p.arrived) == p.Requests {
		if at := p.arrived[p.oldest].Add(p.Per); at.After(now) {
			return turn{}, at
		}
	}
	r := p.limiter.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return turn{}, now.Add(wait)
	}
	t = turn{r, p, now, p.oldest, now.Add(p.Per / grace)}
	if len(p.arrived) < p.Requests {
		t.slot = len(p.arrived)
		p.arrived = append(p.arrived, t.arrives)
	} else {
		p.arrived[t.slot] = t.arrives
		p.oldest = (p.oldest + 1) % p.Requests
	}
	return t, time.Time{}
}

// arrive is called at the end of the turn's request.
func (t turn) arrive() { t.settle(time.Now()) }

// giveBack lets another request have the turn.
func (t turn) giveBack() {
	if t.pace != nil {
		t.CancelAt(t.at)
		t.settle(time.Time{})
	}
}

// settle says by when the turn's request was there. After grace the slot may be
// another's.
func (t turn) settle(at time.Time) {
	if slot := &t.pace.arrived[t.slot]; slot.Equal(t.arrives) && at.Before(*slot) {
		*slot = at
	}
}
