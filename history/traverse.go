package history

import (
	"cmp"
	"slices"
)

// chunkBodies bounds the bodies in a chunk that is visited; the others are read
// one by one.
const chunkBodies = 1 << 20

// traverse visits the deliveries that wait, wherever they do, in the order of
// their acceptance and a chunk at a time, until visit is false. It holds no
// lock meanwhile: what it visits may have been claimed or have ended.
//
// Of those in memory it visits what take picks, under the queue's lock; nil
// picks all. Of those in the file, what stands ahead of the first record that
// stop is true of: a chunk that has any stands between from and next.
func (q *Queue) traverse(take func(*item) bool, stop stopFunc, visit func(chunk []item, from, next mark) bool) error {
	q.mu.Lock()
	begun := make([]item, 0, len(q.window))
	see := func(it *item) {
		if take == nil || take(it) {
			begun = append(begun, *it)
		}
	}
	q.eachWait(func(w *wait) { see(&w.item) })
	for i := range q.window {
		see(&q.window[i])
	}
	next, last, more := q.more, q.last, q.unread > 0
	q.mu.Unlock()
	sortBySeq(begun)
	// ahead are those in memory that come ahead of a number.
	ahead := func(seq uint64) (items []item) {
		n, _ := slices.BinarySearchFunc(begun, item{seq: seq}, bySeq)
		items, begun = begun[:n], begun[n:]
		return items
	}
	each := func(items []item) bool {
		for chunk := range slices.Chunk(items, readChunk) {
			if !visit(chunk, mark{}, mark{}) {
				return false
			}
		}
		return true
	}
	for more = more && next.seq <= last; more; {
		if !each(ahead(next.seq)) {
			return nil
		}
		room := chunkBodies
		found, behind, err := q.set.book.Follow(q.name, next, last, func(b *body) bool {
			room -= len(b.json)
			return room >= 0
		}, stop)
		if err != nil {
			return err
		}
		more = len(found) == readChunk && behind.seq <= last
		from := next
		next = behind
		q.mu.Lock()
		head := q.next()
		if len(q.window) > 0 {
			head = q.window[0].seq
		}
		// What is not there any more was begun, or has ended.
		found = slices.DeleteFunc(found, func(it item) bool { return it.seq < head || q.skip.has(it.seq) })
		q.mu.Unlock()
		found = append(found, ahead(next.seq)...)
		sortBySeq(found)
		if !visit(found, from, next) {
			return nil
		}
	}
	each(begun)
	return nil
}

func sortBySeq(items []item) { slices.SortFunc(items, bySeq) }

func bySeq(a, b item) int { return cmp.Compare(a.seq, b.seq) }
