package queue

import (
	"cmp"
	"slices"

	"sidehook/history"
)

// chunkBodies bounds the bodies in a chunk that is visited; the others are read
// one by one.
const chunkBodies = 1 << 20

// walkPending visits the deliveries that wait, wherever they do, in the order of
// their acceptance and a chunk at a time, until visit is false. It holds no
// lock meanwhile: what it visits may have been claimed or have ended.
//
// Of those in memory it visits what take picks, under the queue's lock; nil
// picks all. Of those in the file, what stands ahead of the first record that
// stop is true of: a chunk that has any stands between from and next.
func (q *Queue) walkPending(take func(*Item) bool, stop StopFunc, visit func(chunk []Item, from, next Mark) bool) error {
	q.mu.Lock()
	begun := make([]Item, 0, len(q.prefetch))
	see := func(it *Item) {
		if take == nil || take(it) {
			begun = append(begun, *it)
		}
	}
	q.eachWait(func(w *scheduled) { see(&w.Item) })
	for i := range q.prefetch {
		see(&q.prefetch[i])
	}
	next, last, more := q.readPosition, q.last, q.unread > 0
	q.mu.Unlock()
	sortBySeq(begun)
	// ahead are those in memory that come ahead of a number.
	ahead := func(seq history.Seq) (items []Item) {
		n, _ := slices.BinarySearchFunc(begun, Item{Number: seq}, bySeq)
		items, begun = begun[:n], begun[n:]
		return items
	}
	each := func(items []Item) bool {
		for chunk := range slices.Chunk(items, ChunkSize) {
			if !visit(chunk, Mark{}, Mark{}) {
				return false
			}
		}
		return true
	}
	for more = more && next.Seq <= last; more; {
		if !each(ahead(next.Seq)) {
			return nil
		}
		room := chunkBodies
		found, behind, err := q.set.book.Follow(q.name, next, last, func(b *Body) bool {
			room -= len(b.JSON)
			return room >= 0
		}, stop)
		if err != nil {
			return err
		}
		more = len(found) == ChunkSize && behind.Seq <= last
		from := next
		next = behind
		q.mu.Lock()
		head := q.next()
		if len(q.prefetch) > 0 {
			head = q.prefetch[0].Number
		}
		// What is not there any more was begun, or has ended.
		found = slices.DeleteFunc(found, func(it Item) bool { return it.Number < head || q.startedSeqs.Has(it.Number) })
		q.mu.Unlock()
		found = append(found, ahead(next.Seq)...)
		sortBySeq(found)
		if !visit(found, from, next) {
			return nil
		}
	}
	each(begun)
	return nil
}

func sortBySeq(items []Item) { slices.SortFunc(items, bySeq) }

func bySeq(a, b Item) int { return cmp.Compare(a.Number, b.Number) }
