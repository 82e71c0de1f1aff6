package history

import (
	"slices"
	"time"
)

// Hasten makes all waits due now.
func (q *Queue) Hasten() {
	q.mu.Lock()
	q.waits.hasten(q.journal.now(), func(*wait) bool { return true })
	wake, older := q.wake, q.older
	q.mu.Unlock()
	if older != nil {
		older.Hasten()
	}
	wake()
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
	for i := range q.window {
		if q.window[i].seq == seq || q.window[i].of == seq {
			n++
		}
	}
	if q.unread > 0 && q.more.seq <= seq && seq <= q.last && !q.skip.has(seq) && slices.Contains(a.To, q.name) {
		n++
	}
	wake, older := q.wake, q.older
	q.mu.Unlock()
	if n > 0 {
		wake()
	}
	return older != nil && older.hastenEvent(a) || n > 0
}

// Advance makes those waits due now that were last attempted at or after a time
// and not throttled. An attempt of theirs that fails in its turn can tell by its
// lease's Scheduled when it would have been due. As with Hasten, no line is
// written: a crash before the next cursors has them wait as before.
func (q *Queue) Advance(since time.Time) {
	q.mu.Lock()
	now, from := q.journal.now(), since.Sub(q.journal.base)
	q.waits.hasten(now, func(w *wait) bool {
		if w.throttled || w.last < from || w.due <= now {
			return false
		}
		w.back = w.due
		return true
	})
	wake, older := q.wake, q.older
	q.mu.Unlock()
	if older != nil {
		older.Advance(since)
	}
	wake()
}
