package queue

import (
	"cmp"
	"errors"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// Order is which deliveries of a webhook wait for others. In the zero Order none
// does.
type Order struct {
	All bool   // one at a time, in the order of acceptance
	By  string // the same for the events of each key: the path of it (event.Event.Value)
}

// ordering is the order of a queue, and the deliveries that wait for another one of
// their key (pending.Keys). It belongs to the queue's lock. Only one claim at a time
// takes deliveries out of prefetch, and in order, so that none overtakes one that it must
// follow (L3).
type ordering struct {
	Order
	keys          pending.Keys
	needsOrdering bool // what was started before Order was set has no keys yet
}

// Order sets the order of the deliveries that are claimed from now on. What is in
// flight goes on, and has to end first.
func (q *Queue) Order(o Order) {
	q.mu.Lock()
	if q.order.Order == o {
		q.mu.Unlock()
		return
	}
	for i := range q.scheduled {
		q.scheduled[i].Key = ""
	}
	for _, l := range q.inFlight {
		l.key = ""
	}
	q.order.keys.Each(func(s *pending.Scheduled) {
		s.Key = ""
		q.scheduled.Push(*s)
	})
	q.order = ordering{Order: o, needsOrdering: o.By != "" && len(q.scheduled)+len(q.inFlight) > 0}
	q.mu.Unlock()
	q.wakeUp()
}

// blockedLocked reports whether nothing may be claimed before what is in flight
// ends, whatever is due.
func (q *Queue) blockedLocked() bool {
	return (q.order.All || q.order.needsOrdering) && len(q.inFlight) > 0
}

// takeFirstLocked takes the delivery that was accepted first, if it is due.
func (q *Queue) takeFirstLocked(mode ClaimMode) (*Lease, bool) {
	first := q.firstScheduledLocked()
	switch {
	case first >= 0 && q.scheduled[first].Due > q.set.now():
	case first >= 0:
		return q.startAttemptLocked(q.scheduled.Remove(first)), true
	case len(q.prefetch) > 0 && (mode != RetriesOnly || len(q.scheduled) > 0):
		// What is scheduled waits for nothing but this one.
		return q.startAttemptLocked(pending.Scheduled{Item: q.shiftLocked()}), true
	}
	return nil, false
}

// firstScheduledLocked returns the index of the scheduled delivery that was accepted
// before all others, -1 if that one is not scheduled.
func (q *Queue) firstScheduledLocked() int {
	if len(q.scheduled) == 0 {
		return -1
	}
	first := 0
	for i := range q.scheduled {
		if q.scheduled[i].Number < q.scheduled[first].Number {
			first = i
		}
	}
	seq := q.scheduled[first].Number
	if len(q.prefetch) > 0 && q.prefetch[0].Number < seq || len(q.prefetch) == 0 && q.unread > 0 && q.readPosition.Seq < seq {
		return -1
	}
	return first
}

// takeNewLocked takes the next prefetched delivery that no other of its key holds
// up; those that are held up go into their key queues. A delivery whose event is not
// in memory has to be loaded first.
func (q *Queue) takeNewLocked(mode ClaimMode) (*Lease, bool) {
	for len(q.prefetch) > 0 && q.prefetch[0].Body != nil {
		s := pending.Scheduled{Item: q.shiftLocked(), Due: q.set.now()}
		if s.Key = s.Body.Key(q.order.By); q.order.keys.Admit(&s) {
			return q.startAttemptLocked(s), true
		}
	}
	if len(q.prefetch) > 0 {
		return nil, false
	}
	return q.takeLocked(mode) // a retry may be due
}

// releaseNextForKeyLocked makes the next delivery of a key its first, after the
// first has ended.
func (q *Queue) releaseNextForKeyLocked(key string) {
	if s, ok := q.order.keys.Next(key); ok {
		q.scheduled.Push(s)
	}
}

// eachScheduledLocked visits the deliveries that are scheduled or in a key queue.
func (q *Queue) eachScheduledLocked(visit func(*pending.Scheduled)) {
	for i := range q.scheduled {
		visit(&q.scheduled[i])
	}
	q.order.keys.Each(visit)
}

// assignKey loads the first prefetched delivery, whose event is not in memory, to
// learn its key: it is scheduled for now, or goes into its key queue.
func (q *Queue) assignKey() {
	q.mu.Lock()
	it, by := q.prefetch[0], q.order.By
	q.mu.Unlock()
	key, err := q.keyOf(it, by)
	q.mu.Lock()
	// An edit or a cancel may have come in between.
	if err == nil && q.order.By == by && len(q.prefetch) > 0 && q.prefetch[0].Number == it.Number {
		s := pending.Scheduled{Item: q.shiftLocked(), Due: q.set.now(), Key: key}
		if q.order.keys.Admit(&s) {
			q.scheduled.Push(s)
		}
	}
	q.finishReadAndUnlock(err)
}

// prepareOrderLocked returns the function that reads what is missing to put the deliveries
// in order. A kill may have left deliveries that were not started although later ones were.
// It starts them as well, so that all that get a key now were accepted before the rest.
func (q *Queue) prepareOrderLocked() (read func()) {
	var last history.Seq
	for i := range q.scheduled {
		last = max(last, q.scheduled[i].Number)
	}
	for len(q.prefetch) > 0 && q.prefetch[0].Number < last {
		q.scheduled.Push(pending.Scheduled{Item: q.shiftLocked(), Due: q.set.now()})
	}
	if len(q.prefetch) == 0 && q.unread > 0 && q.readPosition.Seq < last {
		return q.read
	}
	return q.assignKeys
}

// assignKeys puts what is scheduled into the key queues, in the order of acceptance.
func (q *Queue) assignKeys() {
	q.mu.Lock()
	started := make([]Item, len(q.scheduled))
	for i := range q.scheduled {
		started[i] = q.scheduled[i].Item
	}
	by := q.order.By
	q.mu.Unlock()
	keys := make(map[history.Seq]string, len(started))
	var err error
	for i := 0; i < len(started) && err == nil; i++ {
		keys[started[i].Number], err = q.keyOf(started[i], by)
	}
	q.mu.Lock()
	// Two edits may have come in between, so that others are scheduled or in flight.
	same := len(q.inFlight) == 0 && !slices.ContainsFunc(q.scheduled, func(s pending.Scheduled) bool { _, ok := keys[s.Number]; return !ok })
	if err == nil && q.order.By == by && same {
		slices.SortFunc(q.scheduled, func(a, b pending.Scheduled) int { return cmp.Compare(a.Number, b.Number) })
		q.scheduled = slices.DeleteFunc(q.scheduled, func(s pending.Scheduled) bool {
			s.Key = keys[s.Number]
			return !q.order.keys.Admit(&s)
		})
		for i := range q.scheduled {
			q.scheduled[i].Key = keys[q.scheduled[i].Number]
		}
		q.scheduled.Sort()
		q.order.needsOrdering = false
	}
	q.finishReadAndUnlock(err)
}

// keyOf reads the key of a delivery. One whose record is damaged has no key, and
// ends when its turn comes.
func (q *Queue) keyOf(it Item, path string) (string, error) {
	switch err := q.set.book.Load(&it); {
	case err == nil:
		return it.Body.Key(path), nil
	case errors.Is(err, history.ErrDamaged):
		return "", nil
	default:
		return "", err
	}
}
