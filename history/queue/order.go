package queue

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"sidehook/history"
	"sidehook/history/event"
)

// Order says which deliveries of a webhook hold up others. In the zero Order none
// does.
type Order struct {
	All bool   // one at a time, in the order of acceptance
	By  string // the same for the events of each key: the path of it (event.Event.Value)
}

// ordering keeps the deliveries of one key in their order. It belongs to the
// queue's lock.
//
//	L1  A key has a key queue while one of its deliveries is in flight or
//	    scheduled: that one is its first.
//	L2  A key queue holds the deliveries after the first, in the order of
//	    acceptance. When the first ends, the next becomes the first. It is due at
//	    once, unless it has a time of its own that is still to come.
//	L3  Only one claim at a time takes deliveries out of prefetch, and in order, so
//	    that none goes before another that it has to follow.
type ordering struct {
	Order
	keyQueues     map[string][]scheduled
	count         int  // of all deliveries in keyQueues
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
		q.scheduled[i].key = ""
	}
	for _, l := range q.inFlight {
		l.key = ""
	}
	for _, waiting := range q.order.keyQueues {
		for _, s := range waiting {
			s.key = ""
			q.scheduled.push(s)
		}
	}
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
	case first >= 0 && q.scheduled[first].due > q.set.now():
	case first >= 0:
		return q.startAttemptLocked(q.scheduled.remove(first)), true
	case len(q.prefetch) > 0 && (mode != RetriesOnly || len(q.scheduled) > 0):
		// What is scheduled waits for nothing but this one.
		return q.startAttemptLocked(scheduled{Item: q.shiftLocked()}), true
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
		s := scheduled{Item: q.shiftLocked(), due: q.set.now()}
		if s.key = s.Body.key(q.order.By); q.order.admit(&s) {
			return q.startAttemptLocked(s), true
		}
	}
	if len(q.prefetch) > 0 {
		return nil, false
	}
	return q.takeLocked(mode) // a retry may be due
}

// admit makes s the first of its key, or puts it into the key queue there is and
// reports false.
func (o *ordering) admit(s *scheduled) bool {
	if s.key == "" {
		return true
	}
	waiting, ok := o.keyQueues[s.key]
	if !ok {
		if o.keyQueues == nil {
			o.keyQueues = map[string][]scheduled{}
		}
		o.keyQueues[s.key] = nil
		return true
	}
	s.Body = nil
	o.keyQueues[s.key] = append(waiting, *s)
	o.count++
	return false
}

// releaseNextForKeyLocked makes the next delivery of a key its first, after the
// first has ended.
func (q *Queue) releaseNextForKeyLocked(key string) {
	waiting, ok := q.order.keyQueues[key]
	switch {
	case !ok:
	case len(waiting) == 0:
		delete(q.order.keyQueues, key)
	default:
		q.order.keyQueues[key] = waiting[1:]
		q.order.count--
		q.scheduled.push(waiting[0])
	}
}

// remove takes the deliveries that match out of the key queues.
func (o *ordering) remove(match func(*Item, int) bool) {
	for key, waiting := range o.keyQueues {
		left := slices.DeleteFunc(waiting, func(s scheduled) bool { return match(&s.Item, s.attempts) })
		o.count -= len(waiting) - len(left)
		o.keyQueues[key] = left
	}
}

// eachScheduledLocked visits the deliveries that are scheduled or in a key queue.
func (q *Queue) eachScheduledLocked(visit func(*scheduled)) {
	for i := range q.scheduled {
		visit(&q.scheduled[i])
	}
	for waiting := range maps.Values(q.order.keyQueues) {
		for i := range waiting {
			visit(&waiting[i])
		}
	}
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
		s := scheduled{Item: q.shiftLocked(), due: q.set.now(), key: key}
		if q.order.admit(&s) {
			q.scheduled.push(s)
		}
	}
	q.finishReadAndUnlock(err)
}

// prepareOrderLocked returns what has to be read before anything is in order. A
// kill may have left deliveries that were accepted before others which were started:
// they are started, too, so that all that gets a key now was accepted before all the
// rest.
func (q *Queue) prepareOrderLocked() (read func()) {
	var last history.Seq
	for i := range q.scheduled {
		last = max(last, q.scheduled[i].Number)
	}
	for len(q.prefetch) > 0 && q.prefetch[0].Number < last {
		q.scheduled.push(scheduled{Item: q.shiftLocked(), due: q.set.now()})
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
	same := len(q.inFlight) == 0 && !slices.ContainsFunc(q.scheduled, func(s scheduled) bool { _, ok := keys[s.Number]; return !ok })
	if err == nil && q.order.By == by && same {
		slices.SortFunc(q.scheduled, func(a, b scheduled) int { return cmp.Compare(a.Number, b.Number) })
		q.scheduled = slices.DeleteFunc(q.scheduled, func(s scheduled) bool {
			s.key = keys[s.Number]
			return !q.order.admit(&s)
		})
		for i := range q.scheduled {
			q.scheduled[i].key = keys[q.scheduled[i].Number]
		}
		q.scheduled.sort()
		q.order.needsOrdering = false
	}
	q.finishReadAndUnlock(err)
}

// keyOf reads the key of a delivery. One whose record is damaged has no key, and
// ends when its turn comes.
func (q *Queue) keyOf(it Item, path string) (string, error) {
	switch err := q.set.book.Load(&it); {
	case err == nil:
		return it.Body.key(path), nil
	case errors.Is(err, history.ErrDamaged):
		return "", nil
	default:
		return "", err
	}
}

// key returns what the path leads to in the event, "" if nothing.
func (b *Body) key(path string) string {
	e, err := event.Parse(b.JSON, b.Filled)
	if err != nil {
		return ""
	}
	return string(e.Value(path))
}
