package history

import "time"

// Throttled is until when the receiver has asked to be left alone by what it
// answered to the deliveries that wait, also before a restart: the latest time
// that one of them waits for. Zero: it has not.
func (q *Queue) Throttled() (until time.Time) {
	q.mu.Lock()
	for i := range q.waits {
		if w := &q.waits[i]; w.throttled && until.Before(q.journal.base.Add(w.due)) {
			until = q.journal.base.Add(w.due)
		}
	}
	older := q.older
	q.mu.Unlock()
	if older != nil {
		if at := older.Throttled(); until.Before(at) {
			until = at
		}
	}
	return until
}

// Unthrottle makes due now what waits because the receiver asked to be left
// alone.
func (q *Queue) Unthrottle() {
	q.mu.Lock()
	n := q.waits.hasten(q.journal.now(), func(w *wait) bool { return w.throttled })
	wake, older := q.wake, q.older
	q.mu.Unlock()
	if older != nil {
		older.Unthrottle()
	}
	if n > 0 {
		wake()
	}
}
