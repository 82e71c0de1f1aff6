package queue

import (
	"time"

	"sidehook/history/internal/pending"
)

// Backlog counts the pending deliveries.
func (q *Queue) Backlog() Backlog {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.backlog
	b.InFlight = len(q.inFlight)
	b.Oldest = q.oldestLocked()
	return b
}

// oldestLocked returns the acceptance of the oldest pending delivery. The unread ones
// are younger than the prefetched ones. If none is prefetched, as after a start, it is
// that of the read position, which may be of a delivery that has ended.
func (q *Queue) oldestLocked() time.Time {
	first := q.readPosition.At
	if q.unread == 0 || len(q.prefetch) > 0 {
		first = 0
	}
	see := func(it *Item) {
		if it.AcceptedAt > 0 && (first == 0 || it.AcceptedAt < first) {
			first = it.AcceptedAt
		}
	}
	q.eachScheduledLocked(func(s *pending.Scheduled) { see(&s.Item) })
	for _, l := range q.inFlight {
		see(&l.Item)
	}
	if len(q.prefetch) > 0 {
		see(&q.prefetch[0])
	}
	if first == 0 {
		return time.Time{}
	}
	return time.Unix(0, first)
}
