package queue

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"sidehook/history"
	"sidehook/history/event"
)

// Order says which deliveries of a webhook hold up others. In the zero Order
// none does.
type Order struct {
	All bool   // one at a time, in the order of acceptance
	By  string // so for the events of one key: the path that leads to it (event.Event.Value)
}

// ordering keeps the deliveries of one key behind each other. It belongs to the
// queue's lock.
//
//	L1  A key has a line for as long as one of its deliveries is in flight or
//	    among the waits: that one is its first.
//	L2  A line holds what was met behind its first, in the order of acceptance.
//	    When the first ends the next one becomes the first, and is due unless it
//	    has a time of its own that is still to come.
//	L3  Only one claim at a time looks at what has not been begun, and in its
//	    order, so that a delivery is never met ahead of one it has to follow.
type ordering struct {
	Order
	keyQueues     map[string][]scheduled // by key
	count         int                    // of all that stand in a line
	needsOrdering bool                   // what was begun ahead of the order has no line yet
}

// Order sets the order of the deliveries that are claimed from now on. What is
// in flight goes on, and is waited for.
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
	for _, behind := range q.order.keyQueues {
		for _, w := range behind {
			q.scheduled.push(w)
		}
	}
	q.order = ordering{Order: o, needsOrdering: o.By != "" && len(q.scheduled)+len(q.inFlight) > 0}
	q.mu.Unlock()
	q.awaken()
}

// held reports whether the order has nothing claimed for now, whatever is due.
func (q *Queue) held() bool {
	return (q.order.All || q.order.needsOrdering) && len(q.inFlight) > 0
}

// takeFirst takes the delivery that was accepted first, if it is due.
func (q *Queue) takeFirst(pick ClaimMode) (*Lease, bool) {
	first := q.firstWait()
	switch {
	case first >= 0 && q.scheduled[first].due > q.set.now():
	case first >= 0:
		return q.startAttempt(q.scheduled.remove(first)), true
	case len(q.prefetch) > 0 && (pick != RetriesOnly || len(q.scheduled) > 0):
		// What waits behind it goes on with nothing else.
		return q.startAttempt(scheduled{Item: q.shift()}), true
	}
	return nil, false
}

// firstWait is the place of the wait that was accepted ahead of all that is not
// begun and of all other waits; -1 if there is none.
func (q *Queue) firstWait() int {
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

// takeNew takes the next delivery that was not begun and may be: those whose
// key has a line go there. One whose event is not in memory has to be loaded
// first.
func (q *Queue) takeNew(pick ClaimMode) (*Lease, bool) {
	for len(q.prefetch) > 0 && q.prefetch[0].Body != nil {
		w := scheduled{Item: q.shift(), due: q.set.now()}
		if w.key = w.Body.key(q.order.By); q.order.admit(&w) {
			return q.startAttempt(w), true
		}
	}
	if len(q.prefetch) > 0 {
		return nil, false
	}
	return q.take(pick) // what is new went into lines: a wait may be due
}

// admit begins a line, or puts w into the one there is and is false.
func (s *ordering) admit(w *scheduled) bool {
	if w.key == "" {
		return true
	}
	behind, ok := s.keyQueues[w.key]
	if !ok {
		if s.keyQueues == nil {
			s.keyQueues = map[string][]scheduled{}
		}
		s.keyQueues[w.key] = nil
		return true
	}
	w.Body = nil
	s.keyQueues[w.key] = append(behind, *w)
	s.count++
	return false
}

// releaseNextForKey lets the next one in the line of a key follow one that has ended.
func (q *Queue) releaseNextForKey(key string) {
	behind, ok := q.order.keyQueues[key]
	switch {
	case !ok:
	case len(behind) == 0:
		delete(q.order.keyQueues, key)
	default:
		next := behind[0]
		q.order.keyQueues[key] = behind[1:]
		q.order.count--
		q.scheduled.push(next)
	}
}

// remove takes those out of the lines that are to be.
func (s *ordering) remove(out func(*Item, int) bool) {
	for key, behind := range s.keyQueues {
		s.count -= len(behind)
		behind = slices.DeleteFunc(behind, func(w scheduled) bool { return out(&w.Item, w.attempts) })
		s.keyQueues[key] = behind
		s.count += len(behind)
	}
}

// all visits what stands in the lines.
func (s *ordering) all(visit func(*scheduled)) {
	for behind := range maps.Values(s.keyQueues) {
		for i := range behind {
			visit(&behind[i])
		}
	}
}

// eachWait visits the deliveries that were begun and wait, for their time or in
// a line. The queue is locked.
func (q *Queue) eachWait(visit func(*scheduled)) {
	for i := range q.scheduled {
		visit(&q.scheduled[i])
	}
	q.order.all(visit)
}

// begin finds the line of the first delivery in the window, whose event is not
// in memory: it is begun, or stands there.
func (q *Queue) begin() {
	q.mu.Lock()
	it, by := q.prefetch[0], q.order.By
	q.mu.Unlock()
	key, err := q.keyOf(it, by)
	q.mu.Lock()
	// An edit or a cancel may have come between.
	if err == nil && q.order.By == by && len(q.prefetch) > 0 && q.prefetch[0].Number == it.Number {
		w := scheduled{Item: q.shift(), due: q.set.now(), key: key}
		if q.order.admit(&w) {
			q.scheduled.push(w)
		}
	}
	q.hasRead(err)
}

// toSort is what has to be read before anything is in order. A kill may have left
// deliveries that were accepted ahead of others which were begun: they are begun,
// too, so that all that is sorted was accepted ahead of all that is not.
func (q *Queue) toSort() (read func()) {
	var last history.Seq
	for i := range q.scheduled {
		last = max(last, q.scheduled[i].Number)
	}
	for len(q.prefetch) > 0 && q.prefetch[0].Number < last {
		q.scheduled.push(scheduled{Item: q.shift(), due: q.set.now()})
	}
	if len(q.prefetch) == 0 && q.unread > 0 && q.readPosition.Seq < last {
		return q.read
	}
	return q.sort
}

// sort finds the lines of what was begun ahead of the order.
func (q *Queue) sort() {
	q.mu.Lock()
	begun := make([]Item, len(q.scheduled))
	for i := range q.scheduled {
		begun[i] = q.scheduled[i].Item
	}
	by := q.order.By
	q.mu.Unlock()
	keys := make(map[history.Seq]string, len(begun))
	var err error
	for i := 0; i < len(begun) && err == nil; i++ {
		keys[begun[i].Number], err = q.keyOf(begun[i], by)
	}
	q.mu.Lock()
	// Two edits may have come between, so that others wait now or are in flight.
	same := len(q.inFlight) == 0 && !slices.ContainsFunc(q.scheduled, func(w scheduled) bool { _, ok := keys[w.Number]; return !ok })
	if err == nil && q.order.By == by && same {
		slices.SortFunc(q.scheduled, func(a, b scheduled) int { return cmp.Compare(a.Number, b.Number) })
		kept := q.scheduled[:0]
		for _, w := range q.scheduled {
			if w.key = keys[w.Number]; q.order.admit(&w) {
				kept = append(kept, w)
			}
		}
		clear(q.scheduled[len(kept):])
		q.scheduled = kept
		q.scheduled.order()
		q.order.needsOrdering = false
	}
	q.hasRead(err)
}

// keyOf reads the key of a delivery. One whose record is damaged has none, and
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

// key is what a path leads to in the event, "" if that is nothing.
func (b *Body) key(path string) string {
	e, err := event.Parse(b.JSON, b.Filled)
	if err != nil {
		return ""
	}
	return string(e.Value(path))
}
