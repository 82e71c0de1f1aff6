package history

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Waiting is a delivery that has not ended and is not under way, as those see
// it who decide about it.
type Waiting struct {
	Seq      uint64
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
func (q *Queue) Cancel(end func(*Waiting) (Attempt, Verdict)) (int, error) {
	n, err := q.cancel(end)
	return n, errors.Join(err, q.set.ledger.Flush())
}

func (q *Queue) cancel(end func(*Waiting) (Attempt, Verdict)) (canceled int, err error) {
	judge := func(it *item, _ bool) (Attempt, Verdict) {
		return end(&Waiting{it.seq, it.body.json, it.body.filled, time.Unix(0, it.accepted), it.size()})
	}
	failed := q.traverse(nil, nil, func(chunk []item, _, _ mark) bool {
		n, enough, unread := q.endThese(chunk, judge)
		canceled += n
		err = errors.Join(err, unread)
		return !enough
	})
	return canceled, errors.Join(err, failed)
}

// endThese ends those of the items that judge says so of and that still wait.
// Judge is told of each with its event, and whether it was known before when
// that was accepted. Its error tells of items that could not be read now; one
// whose record is damaged ends when its turn comes.
func (q *Queue) endThese(items []item, judge func(it *item, known bool) (Attempt, Verdict)) (ended int, enough bool, err error) {
	ends := map[uint64]ending{}
	unread := 0
	for _, it := range items {
		known := it.accepted != 0
		if it.body == nil {
			if loaded := q.set.book.Load(&it); loaded != nil {
				if !errors.Is(loaded, ErrDamaged) {
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
			it.body = nil
			ends[it.seq] = ending{it, a}
		}
	}
	if err != nil {
		err = fmt.Errorf("read %d of the waiting events of webhook %q: %w", unread, q.name, err)
	}
	if len(ends) == 0 {
		return 0, enough, err
	}
	ended = q.withdraw(items, ends)
	q.awaken() // who counts what waits may do so anew
	return ended, enough, err
}

// ending is a delivery that is to end, as its record says, and its line.
type ending struct {
	item
	Attempt
}

// withdraw ends those of the deliveries that wait still, and says how many.
func (q *Queue) withdraw(items []item, ends map[uint64]ending) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.end(items, ends)
}

// end is withdraw for who holds the queue's lock. It takes out of ends what it
// ends.
func (q *Queue) end(items []item, ends map[uint64]ending) (ended int) {
	end := func(it *item, attempts int) bool {
		e, ok := ends[it.seq]
		if ok {
			delete(ends, it.seq)
			ended++
			q.ended(&e.item)
			q.recordEnd(&e, attempts)
		}
		return ok
	}
	var passed []string
	q.order.withdraw(end)
	waits := slices.DeleteFunc(q.waits, func(w wait) bool {
		gone := end(&w.item, w.attempts)
		if gone {
			passed = append(passed, w.key)
		}
		return gone
	})
	if len(waits) < len(q.waits) {
		q.waits = waits
		q.waits.order()
	}
	for _, key := range passed {
		q.pass(key)
	}
	q.window = slices.DeleteFunc(q.window, func(it item) bool {
		gone := end(&it, 0)
		if gone {
			q.set.drop(it.body)
			q.skip.add(it.seq) // Q3: a start reads what is behind it again
		}
		return gone
	})
	if len(q.window) > 0 {
		q.skip.dropBelow(q.window[0].seq)
	}
	for i := range items {
		it := &items[i]
		if q.unread > 0 && q.more.seq <= it.seq && it.seq <= q.last && !q.skip.has(it.seq) && end(it, 0) {
			q.skip.add(it.seq)
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
	l := Lease{Seq: e.seq, Attempt: attempts, Resend: e.resend, item: e.item, queue: q}
	l.record(l.line(&e.Attempt, false, time.Time{}), q.config[e.Generation], time.Now())
	q.set.recorded(Recorded{e.Attempt, q.name, e.seq, false, time.Unix(0, e.accepted)})
}
