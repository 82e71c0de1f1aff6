package queue

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/seqset"
)

// addRefsLocked counts the newest delivery: its record is needed, and so is the event
// that a resend points to.
func (q *Queue) addRefsLocked(it *Item) {
	q.segmentRefs.Push(it.Number, history.Seq(it.Location.Segment))
	if it.Of != 0 {
		first, next := q.set.book.Bounds(it.Of)
		q.segmentRefs.Add(it.Of, first, next)
	}
}

// uncountLocked takes a delivery that ends out of all counts.
func (q *Queue) uncountLocked(it *Item) {
	q.backlog.Subtract(it.Size())
	q.segmentRefs.Drop(it.Number)
	if it.Of != 0 {
		q.segmentRefs.Drop(it.Of)
	}
}

// dropRefsIfEmptyLocked clears the references when nothing is pending. One may be left: the
// event of a resend whose own record is damaged.
func (q *Queue) dropRefsIfEmptyLocked() {
	if q.pendingLocked() == 0 {
		q.segmentRefs = nil
	}
}

// recountLocked counts the pending deliveries anew. Nothing may be unread: all are in memory.
func (q *Queue) recountLocked() {
	q.backlog, q.segmentRefs = Backlog{}, nil
	count := func(it *Item) {
		q.backlog.Add(it.Size())
		q.addAnyRefs(it.Number, it.Of)
	}
	q.eachPendingLocked(count)
	for _, l := range q.inFlight {
		count(&l.Item)
	}
}

// addAnyRefs counts records in any order. The queue is locked, or not shared yet.
func (q *Queue) addAnyRefs(seqs ...history.Seq) {
	for _, seq := range seqs {
		if seq != 0 {
			first, next := q.set.book.Bounds(seq)
			q.segmentRefs.Add(seq, first, next)
		}
	}
}

// HeldBytes returns how many bytes the segments have that the queue needs. The
// segments are given by their first seqs, in order, with their sizes.
func (q *Queue) HeldBytes(firsts []uint64, sizes map[uint64]int64) (bytes int64) {
	q.mu.Lock()
	refs := slices.Clone(q.segmentRefs)
	q.mu.Unlock()
	for i, first := range firsts {
		last := ^uint64(0)
		if i+1 < len(firsts) {
			last = firsts[i+1] - 1
		}
		if refs.Touches(seqset.Span[history.Seq]{From: history.Seq(first), To: history.Seq(last)}) {
			bytes += sizes[first]
		}
	}
	return bytes
}

// References returns runs of seqs that contain those which the queue needs.
func (q *Queue) References() []seqset.Span[history.Seq] {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]seqset.Span[history.Seq], len(q.segmentRefs))
	for i, c := range q.segmentRefs {
		list[i] = seqset.Span[history.Seq]{From: c.From, To: c.To}
	}
	return list
}

// RefersTo reports whether the queue may need any of the records.
func (q *Queue) RefersTo(s seqset.Span[history.Seq]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.segmentRefs.Touches(s)
}
