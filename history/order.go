package history

import (
	"cmp"
	"errors"
	"maps"
	"slices"

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
	behind   map[string][]wait // by key
	count    int               // of all that stand in a line
	unsorted bool              // what was begun ahead of the order has no line yet
}

// Order sets the order of the deliveries that are claimed from now on. What is
// in flight goes on, and is waited for.
func (q *Queue) Order(o Order) {
	q.mu.Lock()
	if q.order.Order == o {
		q.mu.Unlock()
		return
	}
	for i := range q.waits {
		q.waits[i].key = ""
	}
	for _, l := range q.flight {
		l.key = ""
	}
	for _, behind := range q.order.behind {
		for _, w := range behind {
			q.waits.push(w)
		}
	}
	q.order = ordering{Order: o, unsorted: o.By != "" && len(q.waits)+len(q.flight) > 0}
	q.mu.Unlock()
	q.awaken()
}

// held says whether the order has nothing claimed for now, whatever is due.
func (q *Queue) held() bool {
	return (q.order.All || q.order.unsorted) && len(q.flight) > 0
}

// takeFirst takes the delivery that was accepted first, if it is due.
func (q *Queue) takeFirst(pick Pick) (*Lease, bool) {
	first := q.firstWait()
	switch {
	case first >= 0 && q.waits[first].due > q.set.now():
	case first >= 0:
		return q.fly(q.waits.remove(first)), true
	case len(q.window) > 0 && (pick != RetriesOnly || len(q.waits) > 0):
		// What waits behind it goes on with nothing else.
		return q.fly(wait{item: q.shift()}), true
	}
	return nil, false
}

// firstWait is the place of the wait that was accepted ahead of all that is not
// begun and of all other waits; -1 if there is none.
func (q *Queue) firstWait() int {
	if len(q.waits) == 0 {
		return -1
	}
	first := 0
	for i := range q.waits {
		if q.waits[i].seq < q.waits[first].seq {
			first = i
		}
	}
	seq := q.waits[first].seq
	if len(q.window) > 0 && q.window[0].seq < seq || len(q.window) == 0 && q.unread > 0 && q.more.seq < seq {
		return -1
	}
	return first
}

// takeNew takes the next delivery that was not begun and may be: those whose
// key has a line go there. One whose event is not in memory has to be loaded
// first.
func (q *Queue) takeNew(pick Pick) (*Lease, bool) {
	for len(q.window) > 0 && q.window[0].body != nil {
		w := wait{item: q.shift(), due: q.set.now()}
		if w.key = w.body.key(q.order.By); q.order.admit(&w) {
			return q.fly(w), true
		}
	}
	if len(q.window) > 0 {
		return nil, false
	}
	return q.take(pick) // what is new went into lines: a wait may be due
}

// admit begins a line, or puts w into the one there is and is false.
func (s *ordering) admit(w *wait) bool {
	if w.key == "" {
		return true
	}
	behind, ok := s.behind[w.key]
	if !ok {
		if s.behind == nil {
			s.behind = map[string][]wait{}
		}
		s.behind[w.key] = nil
		return true
	}
	w.body = nil
	s.behind[w.key] = append(behind, *w)
	s.count++
	return false
}

// pass lets the next one in the line of a key follow one that has ended.
func (q *Queue) pass(key string) {
	behind, ok := q.order.behind[key]
	switch {
	case !ok:
	case len(behind) == 0:
		delete(q.order.behind, key)
	default:
		next := behind[0]
		q.order.behind[key] = behind[1:]
		q.order.count--
		q.waits.push(next)
	}
}

// withdraw takes those out of the lines that are to be.
func (s *ordering) withdraw(out func(*item, int) bool) {
	for key, behind := range s.behind {
		s.count -= len(behind)
		behind = slices.DeleteFunc(behind, func(w wait) bool { return out(&w.item, w.attempts) })
		s.behind[key] = behind
		s.count += len(behind)
	}
}

// all visits what stands in the lines.
func (s *ordering) all(visit func(*wait)) {
	for behind := range maps.Values(s.behind) {
		for i := range behind {
			visit(&behind[i])
		}
	}
}

// eachWait visits the deliveries that were begun and wait, for their time or in
// a line. The queue is locked.
func (q *Queue) eachWait(visit func(*wait)) {
	for i := range q.waits {
		visit(&q.waits[i])
	}
	q.order.all(visit)
}

// begin finds the line of the first delivery in the window, whose event is not
// in memory: it is begun, or stands there.
func (q *Queue) begin() {
	q.mu.Lock()
	it, by := q.window[0], q.order.By
	q.mu.Unlock()
	key, err := q.keyOf(it, by)
	q.mu.Lock()
	// An edit or a cancel may have come between.
	if err == nil && q.order.By == by && len(q.window) > 0 && q.window[0].seq == it.seq {
		w := wait{item: q.shift(), due: q.set.now(), key: key}
		if q.order.admit(&w) {
			q.waits.push(w)
		}
	}
	q.hasRead(err)
}

// toSort is what has to be read before anything is in order. A kill may have left
// deliveries that were accepted ahead of others which were begun: they are begun,
// too, so that all that is sorted was accepted ahead of all that is not.
func (q *Queue) toSort() (read func()) {
	var last uint64
	for i := range q.waits {
		last = max(last, q.waits[i].seq)
	}
	for len(q.window) > 0 && q.window[0].seq < last {
		q.waits.push(wait{item: q.shift(), due: q.set.now()})
	}
	if len(q.window) == 0 && q.unread > 0 && q.more.seq < last {
		return q.read
	}
	return q.sort
}

// sort finds the lines of what was begun ahead of the order.
func (q *Queue) sort() {
	q.mu.Lock()
	begun := make([]item, len(q.waits))
	for i := range q.waits {
		begun[i] = q.waits[i].item
	}
	by := q.order.By
	q.mu.Unlock()
	keys := make(map[uint64]string, len(begun))
	var err error
	for i := 0; i < len(begun) && err == nil; i++ {
		keys[begun[i].seq], err = q.keyOf(begun[i], by)
	}
	q.mu.Lock()
	// Two edits may have come between, so that others wait now or are in flight.
	same := len(q.flight) == 0 && !slices.ContainsFunc(q.waits, func(w wait) bool { _, ok := keys[w.seq]; return !ok })
	if err == nil && q.order.By == by && same {
		slices.SortFunc(q.waits, func(a, b wait) int { return cmp.Compare(a.seq, b.seq) })
		kept := q.waits[:0]
		for _, w := range q.waits {
			if w.key = keys[w.seq]; q.order.admit(&w) {
				kept = append(kept, w)
			}
		}
		clear(q.waits[len(kept):])
		q.waits = kept
		q.waits.order()
		q.order.unsorted = false
	}
	q.hasRead(err)
}

// keyOf reads the key of a delivery. One whose record is damaged has none, and
// ends when its turn comes.
func (q *Queue) keyOf(it item, path string) (string, error) {
	switch err := q.set.book.Load(&it); {
	case err == nil:
		return it.body.key(path), nil
	case errors.Is(err, ErrDamaged):
		return "", nil
	default:
		return "", err
	}
}

// key is what a path leads to in the event, "" if that is nothing.
func (b *body) key(path string) string {
	e, err := event.Parse(b.json, b.filled)
	if err != nil {
		return ""
	}
	return string(e.Value(path))
}
