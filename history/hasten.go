package history

import "slices"

// Hasten makes all waits due now.
func (q *Queue) Hasten() {
	q.mu.Lock()
	now := q.journal.now()
	q.waits.hasten(now, func(w *wait) bool {
		w.until = min(w.until, now)
		return true
	})
	older := q.older
	q.mu.Unlock()
	if older != nil {
		older.Hasten()
	}
	q.awaken()
}

// hastenEvent makes the deliveries of one event due now, a resend's too. It
// says whether there are any that have not ended. Among the unread ones a
// resend is not looked for: another one is what was asked for.
func (q *Queue) hastenEvent(a *Accepted) bool {
	seq := a.Seq
	q.mu.Lock()
	n := q.waits.hasten(q.journal.now(), func(w *wait) bool { return w.seq == seq || w.of == seq })
	for _, l := range q.flight {
		if l.Seq == seq || l.of == seq {
			n++
		}
	}
	q.order.all(func(w *wait) {
		if w.seq == seq || w.of == seq {
			n++
		}
	})
	for i := range q.window {
		if q.window[i].seq == seq || q.window[i].of == seq {
			n++
		}
	}
	if q.unread > 0 && q.more.seq <= seq && seq <= q.last && !q.skip.has(seq) && slices.Contains(a.To, q.name) {
		n++
	}
	older := q.older
	q.mu.Unlock()
	if n > 0 {
		q.awaken()
	}
	return older != nil && older.hastenEvent(a) || n > 0
}
