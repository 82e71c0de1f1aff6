// Package pace keeps the requests of one webhook to its rate. A Pacer is a state
// machine: it has no clock, no lock and no goroutine. Package deliver passes the
// time in, and calls it under the webhook's lock.
//
// It promises that no window of the rate's time has more requests than the rate
// says, as they arrive at the receiver, and that requests leave evenly.
package pace

import "time"

// Rate is how many requests may be made within a time. The zero Rate is no
// limit.
type Rate struct {
	Requests int
	Per      time.Duration
}

// Pacer decides when requests leave. A nil Pacer sets no limit.
type Pacer struct {
	rate     Rate
	tick     time.Duration // between two requests that leave evenly
	lead     time.Duration // how much earlier than evenly a request may leave
	even     time.Time     // when the next request leaves if all leave evenly
	arrivals []time.Time   // by when each of the last rate.Requests requests arrived; a ring
	oldest   int           // of arrivals, once that is full
}

const (
	// A Pacer is slower than its rate by 1/slack, because requests that leave
	// evenly do not arrive evenly.
	slack = 50
	// A request counts as arrived when it is answered, or after 1/patience of the
	// rate's time. So a receiver that answers late gets hardly fewer requests.
	patience = 10
)

// New returns nil for no limit.
//
// With n requests per window, allowing bursts of b and then one per tick keeps
// every window within n if tick = window/(n-b+1). The burst makes up for timers
// that are late.
func New(r Rate) *Pacer {
	if r == (Rate{}) {
		return nil
	}
	burst := 1 + r.Requests/slack
	tick := (r.Per + r.Per/slack) / time.Duration(r.Requests-burst+1)
	return &Pacer{rate: r, tick: tick, lead: time.Duration(burst-1) * tick}
}

// Rate returns the rate that New was given.
func (p *Pacer) Rate() Rate {
	if p == nil {
		return Rate{}
	}
	return p.rate
}

// Next returns when one more request may leave after n others that are about to;
// zero: now. It lets no more than a burst be about to leave.
func (p *Pacer) Next(now time.Time, n int) time.Time {
	if p == nil {
		return time.Time{}
	}
	at := later(p.even, now).Add(time.Duration(n)*p.tick - p.lead)
	if more := len(p.arrivals) + n - p.rate.Requests; more >= 0 && !at.After(now) {
		at = p.arrivals[(p.oldest+more)%len(p.arrivals)].Add(p.rate.Per)
	}
	if at.After(now) {
		return at
	}
	return time.Time{}
}

// Reservation is one request that leaves. That of a nil Pacer is zero.
type Reservation struct {
	pacer   *Pacer
	slot    int       // of the pacer's arrivals
	arrival time.Time // is in that slot for as long as it is this reservation's
}

// Take reserves the request that Next allowed.
func (p *Pacer) Take(now time.Time) Reservation {
	if p == nil {
		return Reservation{}
	}
	p.even = later(p.even, now).Add(p.tick)
	arrival := now.Add(p.rate.Per / patience)
	return Reservation{p, p.record(arrival), arrival}
}

// Limited reports whether the reservation is of a Pacer that sets a limit.
func (r Reservation) Limited() bool { return r.pacer != nil }

// Arrived records that the request was answered. Once it counts as arrived
// anyway, the slot may be another's.
func (r Reservation) Arrived(now time.Time) {
	if r.pacer == nil {
		return
	}
	if slot := &r.pacer.arrivals[r.slot]; slot.Equal(r.arrival) && now.Before(*slot) {
		*slot = now
	}
}

// record adds an arrival, and returns its slot.
func (p *Pacer) record(arrival time.Time) (slot int) {
	if len(p.arrivals) < p.rate.Requests {
		p.arrivals = append(p.arrivals, arrival)
		return len(p.arrivals) - 1
	}
	slot = p.oldest
	p.arrivals[slot] = arrival
	p.oldest = (p.oldest + 1) % p.rate.Requests
	return slot
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
