package queue

import "time"

// PullForward makes those waits due now that were last attempted at or after a time
// and not throttled, which is for Unthrottle. By its lease's Scheduled one that
// fails in its turn can go on as if it had not been. As with Hasten, no line is
// written: a crash before the next cursors has them wait as before.
func (q *Queue) PullForward(since time.Time) {
	q.mu.Lock()
	now, from := q.set.now(), q.set.mono(since)
	q.hasten(func(w *scheduled) bool {
		if w.throttled || w.last < from || w.due <= now {
			return false
		}
		w.back = w.due
		return true
	})
	q.mu.Unlock()
	q.awaken()
}
