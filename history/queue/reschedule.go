package queue

import (
	"slices"
	"time"

	"sidehook/history"
)

// The functions below change when scheduled deliveries are due. They record no
// line: after a crash, deliveries wait as they did at the last checkpoint.

// RetryNow makes all scheduled deliveries due now.
func (q *Queue) RetryNow() {
	now := q.set.now()
	q.reschedule(func(s *scheduled) bool {
		s.due, s.until = min(s.due, now), min(s.until, now)
		return true
	})
	q.wakeUp()
}

// RetryEventNow makes the deliveries of one event due now, also those of its
// resends. It reports whether any has not ended. It does not look for resends
// among the unread deliveries: another resend is what was asked for.
func (q *Queue) RetryEventNow(a *history.EventRecord) bool {
	seq, now := a.Seq, q.set.now()
	isOf := func(it *Item) bool { return it.Number == seq || it.Of == seq }
	found := q.reschedule(func(s *scheduled) bool {
		if !isOf(&s.Item) {
			return false
		}
		s.due = min(s.due, now)
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
	q.reschedule(func(s *scheduled) bool {
		if s.throttled || s.last < from || s.due <= now {
			return false
		}
		s.originalDue, s.due = s.due, now
		return true
	})
	q.wakeUp()
}

// Unthrottle makes the throttled deliveries due now: the receiver may be asked
// again. One whose schedule has it wait longer than the receiver asked for is
// pulled forward.
func (q *Queue) Unthrottle() {
	now := q.set.now()
	changed := q.reschedule(func(s *scheduled) bool {
		if !s.throttled || s.due <= now {
			return false
		}
		if s.due > s.until {
			s.originalDue = s.due
		}
		s.due, s.until = now, min(s.until, now)
		return true
	})
	if changed {
		q.wakeUp()
	}
}

// Throttled returns until when the receiver asked not to be called, by its answers
// to the scheduled deliveries, also before a restart. Zero: it did not.
func (q *Queue) Throttled() (until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eachScheduledLocked(func(s *scheduled) {
		if at := q.set.at(s.until); s.throttled && until.Before(at) {
			until = at
		}
	})
	return until
}

// Schedule says how long a delivery waits at most after each attempt that used up
// a step. A delivery that waits longer, by an earlier schedule, is due that much
// sooner; a throttled one waits for the receiver.
func (q *Queue) Schedule(longest []time.Duration) {
	changed := q.reschedule(func(s *scheduled) bool {
		step := s.attempts
		if s.throttled || step < 1 || step > len(longest) {
			return false
		}
		due := s.last.Add(longest[step-1])
		if due >= s.due {
			return false
		}
		s.due, s.originalDue = due, min(s.originalDue, due)
		return true
	})
	if changed {
		q.wakeUp()
	}
}

// reschedule visits the scheduled deliveries, also those behind another one of
// their key, which are due at their time once they are its first. It reports
// whether change did so for any.
func (q *Queue) reschedule(change func(*scheduled) bool) (changed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eachScheduledLocked(func(s *scheduled) { changed = change(s) || changed })
	if changed {
		q.scheduled.sort()
	}
	return changed
}
