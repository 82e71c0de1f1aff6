package deliver

import (
	"fmt"
	"time"
)

// overdueAfter is how long a delivery may be due before something is wrong: it
// is claimed at once, and where that is in vain it is tried each second.
const overdueAfter = time.Minute

// watch is what Overdue saw of a worker. It belongs to the worker's lock.
type watch struct {
	claims   uint64    // made so far
	claiming int       // under way: the history is being read
	seen     uint64    // claims, at since
	since    time.Time // since when a delivery is due and none is made; zero: none is
}

// Overdue is why the scheduler must be stuck, nil if it is not: a delivery has
// been due for over a minute, its webhook might claim it, and has not so much
// as tried. A webhook that is paused, off, disabled, failing or held up, whose
// requests are all under way, or whose history is full or cannot be read has a
// cause.
//
// It compares with what an earlier call saw, and so has to be called now and
// then. It costs nothing in between.
func (d *Deliverer) Overdue() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		if late := w.overdue(time.Now()); late >= overdueAfter {
			return fmt.Errorf("webhook %q has had a delivery due for %s, and nothing claims it", w.name, span(late))
		}
	}
	return nil
}

// overdue is for how long a delivery has been due without cause.
func (w *worker) overdue(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, may := w.may(w.running + 1)
	due, any := w.queue.Due()
	if !may || !any || ahead(due) || w.watch.claiming > 0 {
		w.watch.since = time.Time{}
		return 0
	}
	if w.watch.since.IsZero() || w.watch.seen != w.watch.claims {
		w.watch.since, w.watch.seen = now, w.watch.claims
	}
	return now.Sub(w.watch.since)
}
