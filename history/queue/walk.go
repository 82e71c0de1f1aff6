package queue

import (
	"cmp"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// chunkBodies bounds the bytes of the bodies in a chunk; the others are loaded one by
// one.
const chunkBodies = 1 << 20

// walkPending visits all pending deliveries that are not in flight, in the order of
// their acceptance and in chunks, until visit reports false. No lock is held
// meanwhile: what it visits may have been claimed or have ended.
//
// Of the deliveries in memory it visits those that pick reports true for, which is
// called with the queue locked; nil picks all. Of the unread ones it visits those
// before the first record that stop reports true for; a chunk that has any lies
// between from and next.
func (q *Queue) walkPending(pick func(*Item) bool, stop StopFunc, visit func(chunk []Item, from, next Mark) bool) error {
	q.mu.Lock()
	inMemory := make([]Item, 0, len(q.prefetch))
	q.eachPendingLocked(func(it *Item) {
		if pick == nil || pick(it) {
			inMemory = append(inMemory, *it)
		}
	})
	next, last, more := q.readPosition, q.last, q.unread > 0
	q.mu.Unlock()
	sortBySeq(inMemory)
	before := func(seq history.Seq) (items []Item) {
		n, _ := slices.BinarySearchFunc(inMemory, Item{Number: seq}, bySeq)
		items, inMemory = inMemory[:n], inMemory[n:]
		return items
	}
	visitAll := func(items []Item) bool {
		for chunk := range slices.Chunk(items, ChunkSize) {
			if !visit(chunk, Mark{}, Mark{}) {
				return false
			}
		}
		return true
	}
	for more = more && next.Seq <= last; more; {
		if !visitAll(before(next.Seq)) {
			return nil
		}
		from, room := next, chunkBodies
		found, to, err := q.set.book.Follow(q.name, from, last, func(b *Body) bool {
			room -= len(b.JSON)
			return room >= 0
		}, stop)
		if err != nil {
			return err
		}
		more = len(found) == ChunkSize && to.Seq <= last
		next = to
		q.mu.Lock()
		head := q.nextUnread()
		if len(q.prefetch) > 0 {
			head = q.prefetch[0].Number
		}
		// The others were started, or have ended.
		found = slices.DeleteFunc(found, func(it Item) bool { return it.Number < head || q.startedSeqs.Has(it.Number) })
		q.mu.Unlock()
		found = append(found, before(next.Seq)...)
		sortBySeq(found)
		if !visit(found, from, next) {
			return nil
		}
	}
	visitAll(inMemory)
	return nil
}

// eachPendingLocked visits the deliveries in memory that are not in flight.
func (q *Queue) eachPendingLocked(visit func(*Item)) {
	q.eachScheduledLocked(func(s *pending.Scheduled) { visit(&s.Item) })
	for i := range q.prefetch {
		visit(&q.prefetch[i])
	}
}

// nextUnread returns the lowest seq that may not have been started. The queue is
// locked, or not shared yet.
func (q *Queue) nextUnread() history.Seq {
	if q.unread > 0 {
		return q.readPosition.Seq
	}
	return q.last + 1
}

func sortBySeq(items []Item) { slices.SortFunc(items, bySeq) }

func bySeq(a, b Item) int { return cmp.Compare(a.Number, b.Number) }
