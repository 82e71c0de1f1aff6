package history

import "slices"

// Hasten makes all waits due now.
func (q *Queue) Hasten() {
	q.mu.Lock()
	now := q.set.now()
	q.hasten(func(w *wait) bool {
		w.until = min(w.until, now)
		return true
	})
	q.mu.Unlock()
	q.awaken()
}

// hasten makes those that match due now, or, if they stand in a line, when their
// turn comes. It says how many do. The queue is locked.
func (q *Queue) hasten(match func(*wait) bool) int {
	now := q.set.now()
	n := q.waits.hasten(now, match)
	q.order.all(func(w *wait) {
		if match(w) {
			n++
			w.due = min(w.due, now)
		}
	})
	return n
}

// hastenEvent makes the deliveries of one event due now, a resend's too. It
// says whether there are any that have not ended. Among the unread ones a
// resend is not looked for: another one is what was asked for.
func (q *Queue) hastenEvent(a *Accepted) bool {
	seq := a.Seq
	q.mu.Lock()
	n := q.hasten(func(w *wait) bool { return w.seq == seq || w.of == seq })
	for _, l := range q.flight {
		if l.Seq == seq || l.of == seq {
			n++
		}
	}
	for i := range q.window {
		if q.window[i].seq == seq || q.window[i].of == seq {
			n++
		}
	}
	if q.unread > 0 && q.more.seq <= seq && seq <= q.last && !q.skip.has(seq) && slices.Contains(a.To, q.name) {
		n++
	}
	q.mu.Unlock()
	if n > 0 {
		q.awaken()
	}
	return n > 0
}
