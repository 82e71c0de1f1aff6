package queue

import "time"

// Throttled is until when the receiver has asked to be left alone by what it
// answered to the deliveries that wait, also before a restart. Zero: it has not.
func (q *Queue) Throttled() (until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eachWait(func(w *scheduled) {
		if at := q.set.at(w.until); w.throttled && until.Before(at) {
			until = at
		}
	})
	return until
}

// Unthrottle says that the receiver need not be left alone any more: what waits
// because it asked for that is due now. Those that wait for longer than it asked,
// by their schedule, are advanced.
func (q *Queue) Unthrottle() {
	q.mu.Lock()
	now := q.set.now()
	n := q.hasten(func(w *scheduled) bool {
		if !w.throttled || w.due <= now {
			return false
		}
		if w.due > w.until {
			w.back = w.due
		}
		w.until = min(w.until, now)
		return true
	})
	q.mu.Unlock()
	if n > 0 {
		q.awaken()
	}
}
