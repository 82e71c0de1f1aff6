package deliver

import (
	"time"
)

// Rate is how many requests may be made within a time. The zero Rate is no
// limit.
type Rate struct {
	Requests int
	Per      time.Duration
}

// pace keeps a webhook's requests to its rate, as the receiver counts them, and
// has them leave evenly. It belongs to the worker's lock. The nil pace is none.
type pace struct {
	Rate
	tick    time.Duration // from one that leaves evenly to the next
	early   time.Duration // how much sooner than evenly one may leave
	even    time.Time     // when the next one leaves, if all do evenly
	arrived []time.Time   // by when each of the last Requests requests was there, in a ring
	oldest  int           // of arrived, once that is full
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
// If a burst of b may leave at once, and then one a tick, no window of time has
// more than n of them with a tick of a window's n-b+1th part. The few that leave
// at once make up for timers that are late.
func newPace(r Rate) *pace {
	if r == (Rate{}) {
		return nil
	}
	burst := 1 + r.Requests/stretch
	tick := (r.Per + r.Per/stretch) / time.Duration(r.Requests-burst+1)
	return &pace{Rate: r, tick: tick, early: time.Duration(burst-1) * tick}
}

// next is when one more request may be made than are about to be; zero: now. It
// lets no more than a burst be about to be made.
func (p *pace) next(about int) time.Time {
	if p == nil {
		return time.Time{}
	}
	now := time.Now()
	at := later(p.even, now).Add(time.Duration(about)*p.tick - p.early)
	if more := len(p.arrived) + about - p.Requests; more >= 0 && !at.After(now) {
		at = p.arrived[(p.oldest+more)%len(p.arrived)].Add(p.Per)
	}
	if at.After(now) {
		return at
	}
	return time.Time{}
}

// turn is one request that is made.
type turn struct {
	pace    *pace
	slot    int       // of the pace's arrived
	arrives time.Time // what stands there for as long as it is this turn's
}

// take is the turn of a request that next allowed.
func (p *pace) take() turn {
	if p == nil {
		return turn{}
	}
	now := time.Now()
	p.even = later(p.even, now).Add(p.tick)
	arrives := now.Add(p.Per / grace)
	return turn{p, p.made(arrives), arrives}
}

// made takes in a request that has arrived by a time, and says in which slot that
// stands.
func (p *pace) made(arrives time.Time) (slot int) {
	if len(p.arrived) < p.Requests {
		p.arrived = append(p.arrived, arrives)
		return len(p.arrived) - 1
	}
	slot = p.oldest
	p.arrived[slot] = arrives
	p.oldest = (p.oldest + 1) % p.Requests
	return slot
}

// arrive is called at the end of the turn's request. After grace the slot may be
// another's.
func (t turn) arrive() {
	now := time.Now()
	if slot := &t.pace.arrived[t.slot]; slot.Equal(t.arrives) && now.Before(*slot) {
		*slot = now
	}
}
