package pace

import (
	"slices"
	"time"
)

// History is what is known of the requests that another process made for a
// webhook, as far as they count for its rate now.
type History struct {
	Requests []Request // newest first
	Since    time.Time // Requests has all of them from then on
	// Unrecorded is how many more requests may have been made: those that were in
	// flight at a crash, or whose records it took.
	Unrecorded int
}

// Request is one that was made, by the wall clock.
type Request struct{ Begun, Ended time.Time }

// Within returns how many requests may leave within a time.
func (p *Pacer) Within(d time.Duration) int { return 1 + int((d+p.lead)/p.tick) }

// Restore continues from the requests of another process. Where something is not
// known, it assumes what is safe: before h.Since as many requests as the rate
// allows, and unrecorded ones just now. No request counts as later than now, so
// that a clock that was set back delays nothing for longer than the rate's time.
func (p *Pacer) Restore(now time.Time, h History) {
	if p == nil {
		return
	}
	// onMonotonic converts a time of the wall clock.
	onMonotonic := func(at time.Time) time.Time { return now.Add(-max(0, now.Sub(at))) }
	var known []time.Time // arrivals, newest first
	for _, r := range h.Requests {
		arrival := r.Begun.Add(p.rate.Per / patience)
		if r.Ended.Before(arrival) {
			arrival = r.Ended
		}
		arrival = onMonotonic(arrival)
		if len(known) < p.rate.Requests && now.Sub(arrival) < p.rate.Per {
			known = append(known, arrival)
		}
	}
	room := p.rate.Requests - len(known)
	unrecorded := min(room, h.Unrecorded)
	if since := onMonotonic(h.Since); now.Sub(since) < p.rate.Per {
		for range room - unrecorded {
			p.record(since)
		}
	}
	for _, arrival := range slices.Backward(known) {
		p.record(arrival)
		p.even = arrival.Add(p.tick)
	}
	for range unrecorded {
		p.record(now)
	}
}
