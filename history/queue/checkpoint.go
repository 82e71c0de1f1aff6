package queue

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
)

// Checkpoint returns the state of the queue. It reports false if a start without it would
// find the same, except for the failure streak: nothing is pending, and no event after
// published was for it.
func (q *Queue) Checkpoint(now time.Time, published history.Seq, keep time.Duration) (Checkpoint, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := Checkpoint{Row: q.streak.Checkpoint(now, keep)}
	if q.pendingLocked() == 0 && q.last <= published && q.state == (history.WebhookState{}) {
		return c, false
	}
	c.Last, c.Next, c.Unread = q.last, q.last+1, q.unread+len(q.prefetch)
	c.Renamed = q.renamed
	c.Events, c.Bytes = q.backlog.Events, q.backlog.Bytes
	c.State, c.Since, c.Why, c.Entry = q.state.Name, q.state.Since, q.state.Why, q.state.Entry
	if len(q.prefetch) > 0 {
		c.Next, c.More, c.Oldest = q.prefetch[0].Number, pending.PackLocation(q.prefetch[0].Location), q.prefetch[0].AcceptedAt
	} else if q.unread > 0 {
		c.Next, c.More, c.Oldest = q.readPosition.Seq, pending.PackLocation(q.readPosition.Location), q.readPosition.At
	}
	c.SetSets(q.startedSeqs, q.segmentRefs)
	at := q.set.instant(now)
	if q.expiry.nextTime < never {
		c.Expiry = at.Unix(max(q.expiry.nextTime, at.Mono))
	}
	// Those in key queues find them again.
	q.eachScheduledLocked(func(s *pending.Scheduled) { c.Add(&s.Item, s.Due, &s.Attempts, at) })
	// A crash ends what is in flight: the attempts are made again, at once.
	for _, l := range q.inFlight {
		if l.moved != nil {
			continue // it continues under its new name
		}
		c.Add(&l.Item, at.Mono, &l.tries, at)
	}
	return c, true
}

// restore is the opposite of Checkpoint.
func (q *Queue) restore(c *Checkpoint, written time.Time, now clock.Instant) {
	q.last, q.unread, q.renamed = c.Last, c.Unread, c.Renamed
	q.readPosition = Mark{c.Next, pending.UnpackLocation(c.More), c.Oldest}
	q.startedSeqs, q.segmentRefs = c.Sets()
	q.backlog.Events, q.backlog.Bytes = c.Events, c.Bytes
	q.state = history.WebhookState{Name: c.State, Since: c.Since, Why: c.Why, Entry: c.Entry}
	q.streak.Restore(c.Row)
	if c.Expiry != 0 {
		q.expiry.nextTime = now.Future(time.UnixMilli(c.Expiry), written)
	}
	q.scheduled = append(q.scheduled, c.Scheduled(written, now)...)
}
