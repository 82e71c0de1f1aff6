package queue

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sidehook/history"
)

// Waiting is a delivery that has not ended and is not under way, as those see
// it who decide about it.
type Waiting struct {
	Seq      history.Seq
	Event    []byte // as stored; shared, not to be changed
	Filled   []string
	Accepted time.Time
	Size     int64 // what it counts for in the backlog, in bytes
}

// Verdict is what is to become of a waiting delivery.
type Verdict int

const (
	Keep   Verdict = iota // it waits on
	End                   // it ends
	Enough                // it waits on, and so do all that were accepted behind it
)

// Cancel ends the waiting deliveries that end says so of, each with the attempt
// it returns. What is under way is left alone. It
// returns how many have ended; that is durable on return, also with an error:
// that tells of deliveries which could not be looked at, and are as they were.
//
// The deliveries are looked at in the order of their acceptance, with their
// events, a chunk of them in memory at a time. Between the look and the end
// another may have claimed it: then it is not waiting any more, and does not
// count.
func (q *Queue) Cancel(end func(*Waiting) (history.Attempt, Verdict)) (int, error) {
	n, err := q.cancel(end)
	return n, errors.Join(err, q.set.ledger.Flush())
}

func (q *Queue) cancel(end func(*Waiting) (history.Attempt, Verdict)) (canceled int, err error) {
	judge := func(it *Item, _ bool) (history.Attempt, Verdict) {
		return end(&Waiting{it.Number, it.Body.JSON, it.Body.Filled, time.Unix(0, it.AcceptedAt), it.size()})
	}
	failed := q.walkPending(nil, nil, func(chunk []Item, _, _ Mark) bool {
		n, enough, unread := q.endMatching(chunk, judge)
		canceled += n
		err = errors.Join(err, unread)
		return !enough
	})
	return canceled, errors.Join(err, failed)
}

// endMatching ends those of the items that judge says so of and that still wait.
// Judge is told of each with its event, and whether it was known before when
// that was accepted. Its error tells of items that could not be read now; one
// whose record is damaged ends when its turn comes.
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
	ended = q.removePending(items, ends)
	q.awaken() // who counts what waits may do so anew
	return ended, enough, err
}

// ending is a delivery that is to end, as its record says, and its line.
type ending struct {
	Item
	history.Attempt
}

// removePending ends those of the deliveries that wait still, and says how many.
func (q *Queue) removePending(items []Item, ends map[history.Seq]ending) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.end(items, ends)
}

// end is withdraw for who holds the queue's lock. It takes out of ends what it
// ends.
func (q *Queue) end(items []Item, ends map[history.Seq]ending) (ended int) {
	end := func(it *Item, attempts int) bool {
		e, ok := ends[it.Number]
		if ok {
			delete(ends, it.Number)
			ended++
			q.ended(&e.Item)
			q.recordEnd(&e, attempts)
		}
		return ok
	}
	var passed []string
	q.order.remove(end)
	waits := slices.DeleteFunc(q.scheduled, func(w scheduled) bool {
		gone := end(&w.Item, w.attempts)
		if gone {
			passed = append(passed, w.key)
		}
		return gone
	})
	if len(waits) < len(q.scheduled) {
		q.scheduled = waits
		q.scheduled.order()
	}
	for _, key := range passed {
		q.releaseNextForKey(key)
	}
	q.prefetch = slices.DeleteFunc(q.prefetch, func(it Item) bool {
		gone := end(&it, 0)
		if gone {
			q.set.drop(it.Body)
			q.startedSeqs.Add(it.Number) // Q3: a start reads what is behind it again
		}
		return gone
	})
	if len(q.prefetch) > 0 {
		q.startedSeqs.DropBelow(q.prefetch[0].Number)
	}
	for i := range items {
		it := &items[i]
		if q.unread > 0 && q.readPosition.Seq <= it.Number && it.Number <= q.last && !q.startedSeqs.Has(it.Number) && end(it, 0) {
			q.startedSeqs.Add(it.Number)
			q.unread--
		}
	}
	q.tidy()
	q.emptied()
	return ended
}

// recordEnd hands over the line of an end that no attempt came to. The queue is
// locked.
func (q *Queue) recordEnd(e *ending, attempts int) {
	l := Lease{Seq: e.Number, Attempt: attempts, Resend: e.IsResend, Item: e.Item, queue: q}
	l.record(l.line(&e.Attempt, false, time.Time{}), q.config[e.Generation], time.Now())
	q.set.recorded(history.Recorded{Attempt: e.Attempt, Webhook: q.name, Seq: e.Number, Again: false, Accepted: time.Unix(0, e.AcceptedAt)})
}
