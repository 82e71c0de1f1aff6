package queue

import (
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// The functions below change when scheduled deliveries are due. They record no
// line: after a crash, deliveries wait as they did at the last checkpoint.

// RetryNow makes all scheduled deliveries due now.
func (q *Queue) RetryNow() {
	now := q.set.now()
	q.reschedule(func(s *pending.Scheduled) bool { return s.RetryNow(now) })
	q.wakeUp()
}

// RetryEventNow makes the deliveries of one event due now, also those of its
// resends. It reports whether any has not ended. It does not look for resends
// among the unread deliveries: the caller then makes another resend, as it was asked to.
func (q *Queue) RetryEventNow(a *history.EventRecord) bool {
	seq, now := a.Seq, q.set.now()
	isOf := func(it *Item) bool { return it.Number == seq || it.Of == seq }
	found := q.reschedule(func(s *pending.Scheduled) bool {
		if !isOf(&s.Item) {
			return false
		}
		s.Due = min(s.Due, now)
		return true
	})
	q.mu.Lock()
	for _, l := range q.inFlight {
		found = found || isOf(&l.Item)
	}
	for i := range q.prefetch {
		found = found || isOf(&q.prefetch[i])
	}
	found = found || q.unreadLocked(seq) && slices.Contains(a.To, q.name)
	q.mu.Unlock()
	if found {
		q.wakeUp()
	}
	return found
}

// PullForward makes those scheduled deliveries due now that were last attempted at
// or after a time, and were not throttled. If one then fails, it can return to its
// schedule (Lease.Scheduled).
func (q *Queue) PullForward(since time.Time) {
	now, from := q.set.now(), q.set.mono(since)
	q.reschedule(func(s *pending.Scheduled) bool { return s.PullForward(now, from) })
	q.wakeUp()
}

// Unthrottle makes the throttled deliveries due now: the receiver may be asked
// again. One whose schedule has it wait longer than the receiver asked for is
// pulled forward.
func (q *Queue) Unthrottle() {
	now := q.set.now()
	if q.reschedule(func(s *pending.Scheduled) bool { return s.Unthrottle(now) }) {
		q.wakeUp()
	}
}

// Throttled returns until when the receiver asked not to be called, by its answers
// to the scheduled deliveries, also before a restart. Zero: it did not.
func (q *Queue) Throttled() (until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eachScheduledLocked(func(s *pending.Scheduled) {
		if at := q.set.at(s.Until); s.Throttled && until.Before(at) {
			until = at
		}
	})
	return until
}

// Schedule sets how long a delivery waits at most after each attempt that used up
// a step. A delivery that waits longer, by an earlier schedule, is due that much
// sooner; a throttled one waits for the receiver.
func (q *Queue) Schedule(longest []time.Duration) {
	if q.reschedule(func(s *pending.Scheduled) bool { return s.Shorten(longest) }) {
		q.wakeUp()
	}
}

// reschedule visits the scheduled deliveries, also those that wait for another one of
// their key, which are due at their time once they are its first. It reports
// whether change did so for any.
func (q *Queue) reschedule(change func(*pending.Scheduled) bool) (changed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eachScheduledLocked(func(s *pending.Scheduled) { changed = change(s) || changed })
	if changed {
		q.scheduled.Sort()
	}
	return changed
}
