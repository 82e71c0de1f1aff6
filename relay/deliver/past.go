package deliver

import (
	"slices"
	"time"

	"sidehook/history/query"
)

// Past is what is known of the requests that the process before made for a
// webhook, as far as they count for its rate now.
type Past struct {
	Requests []Request // the newest first
	Since    time.Time // all from then on are among them
	// Untold is of how many deliveries an attempt may have been made that left no
	// line, as a crash ended it or took the line.
	Untold int
}

// Request is one that was made, by the wall clock.
type Request struct{ Begun, Ended time.Time }

// Recall has a webhook's rate count on from the process before. It is called
// between the first Apply and Run.
func (d *Deliverer) Recall(webhook string, past Past) {
	w := d.worker(webhook)
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pace == nil {
		return
	}
	if due, ok := w.queue.Due(); !ok || ahead(due) {
		past.Untold = 0 // what was under way is due again
	}
	past.Untold = min(past.Untold, w.hook.Settings.Concurrency+w.pace.within(time.Second))
	w.pace.recall(past)
}

// RecallMinute adds what a minute of the process before came to to the last hour
// of its webhook. It may be called at any time behind the first Apply.
func (d *Deliverer) RecallMinute(m *query.Minute) {
	w := d.worker(m.Webhook)
	if w == nil || m.Delivered+m.Failed == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.health.hour == nil {
		w.health.hour = new(hour)
	}
	w.health.hour.recall(m)
}

// within is how many requests may leave within a time.
func (p *pace) within(d time.Duration) int { return 1 + int((d+p.early)/p.tick) }

// recall takes in the requests of the process before. For what is not known of
// them the answer is the safe one: where not all of the rate's time is known, it
// was used up by as many as it allows, and what left no line was made just now.
// None is taken to be later than now, so that a clock that was set back holds
// the webhook for no longer than the rate's time.
func (p *pace) recall(past Past) {
	now := time.Now()
	// ago is a time of the wall clock's on the monotonic one.
	ago := func(at time.Time) time.Time { return now.Add(-max(0, now.Sub(at))) }
	var known []time.Time // when they had arrived, the newest first
	for _, r := range past.Requests {
		arrived := ago(earlier(r.Ended, r.Begun.Add(p.Per/grace)))
		if len(known) < p.Requests && now.Sub(arrived) < p.Per {
			known = append(known, arrived)
		}
	}
	room := p.Requests - len(known)
	untold := min(room, past.Untold)
	if since := ago(past.Since); now.Sub(since) < p.Per {
		for range room - untold {
			p.made(since)
		}
	}
	for _, arrived := range slices.Backward(known) {
		p.made(arrived)
		p.even = arrived.Add(p.tick)
	}
	for range untold {
		p.made(now)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
