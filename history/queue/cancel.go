package queue

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// Waiting is a pending delivery that is not in flight, for the caller's Verdict.
type Waiting struct {
	Seq      history.Seq
	Event    []byte // as stored; shared, must not be changed
	Filled   []string
	Accepted time.Time
	Size     int64 // what it counts for in the backlog, in bytes
}

// Verdict decides about a waiting delivery.
type Verdict int

const (
	Keep   Verdict = iota // it continues to wait
	End                   // it ends
	Enough                // it continues to wait, and so do all that were accepted after it
)

// Cancel ends the waiting deliveries that end returns End for, each with the attempt
// that it returns. It visits them in the order of acceptance, with their events, of
// which a chunk at a time is in memory. Deliveries in flight stay as they are, and so does
// one that is claimed after it was visited.
//
// Cancel returns how many have ended. The ends are durable on return, also with an error,
// which is about deliveries that could not be read and stay as they were.
func (q *Queue) Cancel(end func(*Waiting) (history.Attempt, Verdict)) (canceled int, err error) {
	judge := func(it *Item, _ bool) (history.Attempt, Verdict) {
		return end(&Waiting{it.Number, it.Body.JSON, it.Body.Filled, time.Unix(0, it.AcceptedAt), it.Size()})
	}
	failed := q.walkPending(nil, nil, func(chunk []Item, _, _ Mark) bool {
		n, enough, unread := q.endMatching(chunk, judge)
		canceled += n
		err = errors.Join(err, unread)
		return !enough
	})
	return canceled, errors.Join(err, failed, q.set.ledger.Flush())
}

// endMatching ends those of the items that judge returns End for and that still wait.
// judge gets each with its event, and whether its acceptance was known before. The
// error is about items that could not be read now; one whose record is damaged ends
// when it is claimed.
func (q *Queue) endMatching(items []Item, judge func(it *Item, known bool) (history.Attempt, Verdict)) (ended int, enough bool, err error) {
	ends := map[history.Seq]ending{}
	unread := 0
	for _, it := range items {
		known := it.AcceptedAt != 0
		if it.Body == nil {
			if loaded := q.set.book.Load(&it); loaded != nil {
				if !errors.Is(loaded, history.ErrDamaged) {
					unread++
					err = loaded
				}
				continue
			}
		}
		a, verdict := judge(&it, known)
		if enough = verdict == Enough; enough {
			break
		}
		if verdict == End {
			it.Body = nil
			ends[it.Number] = ending{it, a}
		}
	}
	if err != nil {
		err = fmt.Errorf("read %d of the waiting events of webhook %q: %w", unread, q.name, err)
	}
	if len(ends) == 0 {
		return 0, enough, err
	}
	q.mu.Lock()
	ended = q.endLocked(items, ends)
	q.mu.Unlock()
	q.wakeUp() // the counts of what waits have changed
	return ended, enough, err
}

// ending is a delivery that is to end, as its record has it, and its line.
type ending struct {
	Item
	history.Attempt
}

// endLocked ends those of the deliveries that still wait, and takes them out of ends.
func (q *Queue) endLocked(items []Item, ends map[history.Seq]ending) (ended int) {
	end := func(it *Item, attempts int) bool {
		e, ok := ends[it.Number]
		if ok {
			delete(ends, it.Number)
			ended++
			q.uncountLocked(&e.Item)
			q.recordEndLocked(&e, attempts)
		}
		return ok
	}
	var keys []string
	endScheduled := func(s *pending.Scheduled) bool { return end(&s.Item, s.Count) }
	q.order.keys.Remove(endScheduled)
	before := len(q.scheduled)
	q.scheduled = slices.DeleteFunc(q.scheduled, func(s pending.Scheduled) bool {
		gone := endScheduled(&s)
		if gone {
			keys = append(keys, s.Key)
		}
		return gone
	})
	if len(q.scheduled) < before {
		q.scheduled.Sort()
	}
	for _, key := range keys {
		q.releaseNextForKeyLocked(key)
	}
	q.prefetch = slices.DeleteFunc(q.prefetch, func(it Item) bool {
		gone := end(&it, 0)
		if gone {
			q.set.bodies.Drop(it.Body)
			q.startedSeqs.Add(it.Number) // Q3: a restart reads what is after it again
		}
		return gone
	})
	if len(q.prefetch) > 0 {
		q.startedSeqs.DropBelow(q.prefetch[0].Number)
	}
	for i := range items {
		if it := &items[i]; q.unreadLocked(it.Number) && end(it, 0) {
			q.startedSeqs.Add(it.Number)
			q.unread--
		}
	}
	q.trimLocked()
	q.dropRefsIfEmptyLocked()
	return ended
}

// recordEndLocked records an end without an attempt.
func (q *Queue) recordEndLocked(e *ending, attempts int) {
	l := Lease{Seq: e.Number, Attempt: attempts, Resend: e.IsResend, Accepted: time.Unix(0, e.AcceptedAt), Item: e.Item, queue: q}
	l.recordLocked(l.line(&e.Attempt, false, time.Time{}), e.Generation, time.Now())
	l.recorded(&e.Attempt, false)
}
