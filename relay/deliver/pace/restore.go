package pace

import (
	"slices"
	"time"
)

// History has the requests that another process made for a webhook and that still count for
// its rate.
type History struct {
	Requests []Request // newest first
	Since    time.Time // Requests has all of them from then on
	// Unrecorded is how many more requests may have been made: those that were in
	// flight at a crash, and those whose records the crash lost.
	Unrecorded int
}

// Request is one that was made, by the wall clock.
type Request struct{ Begun, Ended time.Time }

// Within returns how many requests may leave within a time.
func (p *Pacer) Within(d time.Duration) int { return 1 + int((d+p.lead)/p.tick) }

// Restore continues from the requests of another process. Of unknown requests it assumes the
// worst: before h.Since as many as the rate allows, and unrecorded ones just now. No request
// counts as later than now, so that a clock that was set back delays nothing for longer than
// the window of the rate.
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
