package deliver

import (
	"fmt"
	"time"
)

// overdueAfter is how long a delivery may be due before something is wrong: it is
// claimed at once, and if that fails it is tried again each second.
const overdueAfter = time.Minute

// progress is the state of a worker when Overdue last saw it.
type progress struct {
	claims   uint64    // made so far
	claiming int       // in progress: the history is being read
	seen     uint64    // claims, at since
	since    time.Time // since when a delivery is due and nothing is claimed; zero: otherwise
}

// Overdue returns why the scheduler must be stuck, nil if it is not: a delivery
// has been due for over a minute, its webhook may claim it, and has not even
// tried. There is a reason, and so no error, if the webhook is paused, off,
// disabled, failing or throttled, if all its requests are in flight, or if the
// history is full or cannot be read.
//
// It compares with an earlier call, so it must be called from time to time. It costs
// nothing in between.
func (d *Deliverer) Overdue() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		if late := w.overdue(time.Now()); late >= overdueAfter {
			return fmt.Errorf("webhook %q has had a delivery due for %v, and nothing claims it", w.name, late.Round(time.Second))
		}
	}
	return nil
}

// overdue returns for how long a delivery has been due without a reason.
func (w *worker) overdue(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, can := w.canClaimLocked(w.running + 1)
	due, any := w.queue.Due()
	p := &w.progress
	if !can || !any || inFuture(due) || p.claiming > 0 {
		p.since = time.Time{}
		return 0
	}
	if p.since.IsZero() || p.seen != p.claims {
		p.since, p.seen = now, p.claims
	}
	return now.Sub(p.since)
}
