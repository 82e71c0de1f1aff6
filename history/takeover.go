package history

import "math"

// always is behind every seq.
const always = math.MaxUint64

// TakeOver makes the queue hand out what waits under a former name first; in an
// order, what was accepted first. A webhook that gets its former name back takes
// over from the one that had taken over from it, and has its own again.
func (q *Queue) TakeOver(older *Queue) {
	for x := older; x != nil; {
		x.mu.Lock()
		next := x.older
		if next == q {
			x.older = nil
		}
		x.mu.Unlock()
		if next == q {
			q.setTaker(nil)
		}
		x = next
	}
	q.mu.Lock()
	before := q.older
	q.mu.Unlock()
	if before != nil && before != older {
		q.GiveBack(before)
	}
	q.mu.Lock()
	q.older = older
	generation, age, order, longest := q.lapse.generation, q.lapse.age, q.order.Order, q.longest
	q.sweepLater()
	q.mu.Unlock()
	older.setTaker(q)
	older.Limit(generation, age)
	older.Order(order)
	older.Schedule(longest)
	q.awaken()
}

// GiveBack undoes TakeOver: what still waits under the former name is that
// name's own again. What is under way ends as it began.
func (q *Queue) GiveBack(older *Queue) {
	q.mu.Lock()
	taken := q.older == older
	if taken {
		q.older = nil
	}
	q.mu.Unlock()
	if taken {
		older.setTaker(nil)
		older.awaken()
	}
}

func (q *Queue) setTaker(taker *Queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taker = taker
}

// former is the queue that was taken over, nil if none was, and whether there is
// an order.
func (q *Queue) former() (older *Queue, ordered bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.older, q.order.Order != Order{}
}

// claimInTurn is Claim in an order. Where what was accepted first has expired, it
// may be another one's turn.
func (q *Queue) claimInTurn(pick Pick) (*Lease, bool) {
	whose, until := q.turn()
	for whose != nil {
		most := pick
		if pick == RetriesOnly && !whose.begun() {
			most = Retries // all that was begun is held up by what was not
		}
		if l, ok := whose.claim(most, until); ok {
			l.heir = q
			return l, true
		}
		next, upTo := q.turn()
		if next == whose && upTo == until {
			break
		}
		whose, until = next, upTo
	}
	return nil, false
}

// turn is whose turn it is in an order: of the queue and those that it has taken
// over, the one that has what was accepted first; and what was accepted first of
// the others, which is not passed. Names that were given back and forth took turns
// in being accepted for. What is in flight of another one was begun ahead of the
// order, and is waited for: then it is nobody's turn.
func (q *Queue) turn() (whose *Queue, until uint64) {
	whose, until = q, always
	first, flying := q.first()
	for older, _ := q.former(); older != nil; older, _ = older.former() {
		n, flies := older.first()
		if n < first {
			whose, first, n = older, n, first
			flying, flies = flies, flying
		}
		if flies {
			return nil, 0
		}
		until = min(until, n)
	}
	return whose, max(until, first+1) // an event may be of more than one of them
}

// first is ahead of all that has not ended, or the first of it, and whether any of
// that is in flight.
func (q *Queue) first() (seq uint64, flying bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	seq = always
	for n := range q.flight {
		seq = min(seq, n)
	}
	for i := range q.waits { // what stands in a line is behind one of these
		seq = min(seq, q.waits[i].seq)
	}
	switch {
	case len(q.window) > 0:
		seq = min(seq, q.window[0].seq)
	case q.unread > 0:
		seq = min(seq, q.more.seq)
	}
	return seq, len(q.flight) > 0
}

// begun says whether anything was that has not ended.
func (q *Queue) begun() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.flight)+len(q.waits) > 0
}
