package queue

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/seqset"
)

// addRefs counts a delivery that has come: its record is needed, and so is the
// event that a resend points to. The queue is locked.
func (q *Queue) addRefs(it *Item) {
	q.segmentRefs.Push(it.Number, history.Seq(it.Place.Segment))
	if it.Of != 0 {
		first, next := q.set.book.Bounds(it.Of)
		q.segmentRefs.Add(it.Of, first, next)
	}
}

// ended takes a delivery out of what is counted. The queue is locked.
func (q *Queue) ended(it *Item) {
	q.backlog.subtract(it.size())
	q.segmentRefs.Drop(it.Number)
	if it.Of != 0 {
		q.segmentRefs.Drop(it.Of)
	}
}

// emptied lets go of what is still counted when nothing is left: the event of a
// resend whose own record is damaged. The queue is locked.
func (q *Queue) emptied() {
	if q.pending() == 0 {
		q.segmentRefs = nil
	}
}

// recount counts anew what is held, which is all in memory: nothing is unread.
// The queue is locked.
func (q *Queue) recount() {
	q.segmentRefs = nil
	each := func(it *Item) { q.addRefsAnywhere(it.Number, it.Of) }
	q.eachWait(func(w *scheduled) { each(&w.Item) })
	for _, l := range q.inFlight {
		each(&l.Item)
	}
	for i := range q.prefetch {
		each(&q.prefetch[i])
	}
}

// addRefsAnywhere counts a delivery in any order, and wherever its record stands.
func (q *Queue) addRefsAnywhere(seqs ...history.Seq) {
	for _, seq := range seqs {
		if seq != 0 {
			first, next := q.set.book.Bounds(seq)
			q.segmentRefs.Add(seq, first, next)
		}
	}
}

// HeldBytes are the bytes that the queue holds of segments, given by the first seq in
// each, in order, with their sizes.
func (q *Queue) HeldBytes(firsts []uint64, sizes map[uint64]int64) (bytes int64) {
	q.mu.Lock()
	held := slices.Clone(q.segmentRefs)
	q.mu.Unlock()
	for i, first := range firsts {
		last := ^uint64(0)
		if i+1 < len(firsts) {
			last = firsts[i+1] - 1
		}
		if held.Touches(seqset.Span[history.Seq]{From: history.Seq(first), To: history.Seq(last)}) {
			bytes += sizes[first]
		}
	}
	return bytes
}

// References are the runs of seqs that hold those which the queue needs.
func (q *Queue) References() []seqset.Span[history.Seq] {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]seqset.Span[history.Seq], len(q.segmentRefs))
	for i, h := range q.segmentRefs {
		list[i] = seqset.Span[history.Seq]{From: h.From, To: h.To}
	}
	return list
}

// RefersTo reports whether the queue may need any of the records.
func (q *Queue) RefersTo(s seqset.Span[history.Seq]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.segmentRefs.Touches(s)
}
