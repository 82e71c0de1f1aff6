package queue

import (
	"slices"

	"sidehook/history"
)

// RetryNow makes all waits due now.
func (q *Queue) RetryNow() {
	q.mu.Lock()
	now := q.set.now()
	q.hasten(func(w *scheduled) bool {
		w.until = min(w.until, now)
		return true
	})
	q.mu.Unlock()
	q.awaken()
}

// hasten makes those that match due now, or, if they stand in a line, when their
// turn comes. It says how many do. The queue is locked.
func (q *Queue) hasten(match func(*scheduled) bool) int {
	now := q.set.now()
	n := q.scheduled.hasten(now, match)
	q.order.all(func(w *scheduled) {
		if match(w) {
			n++
			w.due = min(w.due, now)
		}
	})
	return n
}

// RetryEventNow makes the deliveries of one event due now, a resend's too. It
// reports whether there are any that have not ended. Among the unread ones a
// resend is not looked for: another one is what was asked for.
func (q *Queue) RetryEventNow(a *history.EventRecord) bool {
	seq := a.Seq
	q.mu.Lock()
	n := q.hasten(func(w *scheduled) bool { return w.Number == seq || w.Of == seq })
	for _, l := range q.inFlight {
		if l.Seq == seq || l.Of == seq {
			n++
		}
	}
	for i := range q.prefetch {
		if q.prefetch[i].Number == seq || q.prefetch[i].Of == seq {
			n++
		}
	}
	if q.unread > 0 && q.readPosition.Seq <= seq && seq <= q.last && !q.startedSeqs.Has(seq) && slices.Contains(a.To, q.name) {
		n++
	}
	q.mu.Unlock()
	if n > 0 {
		q.awaken()
	}
	return n > 0
}
