package queue

import (
	"slices"

	"sidehook/history/internal/seqset"
)

// segmentRefs count the deliveries of one queue that have not ended by where in the
// events they stand, so that retention knows which segments they need. They
// take a few words for each segment that has some, however many it has.
//
// Each hold is a run of seqs with how many of them count. Runs do not overlap,
// and no two of them touch the same segment: so a seq is found in the run that
// holds it, also after a recovery has put the last batch of a segment into one
// of its own; a run over both then holds both.
type segmentRefs []segmentRef

type segmentRef struct {
	from, to uint64 // seqs, both included
	n        int
}

// push counts a delivery newer than all before it, whose record stands in the
// segment that begins at first. It is on the path of every event.
func (h *segmentRefs) push(seq, first uint64) {
	s := *h
	if i := len(s) - 1; i >= 0 && s[i].to >= first {
		s[i].n++
		s[i].to = max(s[i].to, seq)
		return
	}
	*h = append(s, segmentRef{seq, seq, 1})
}

// add counts any seq, of a segment that holds the seqs from first to ahead of
// next.
func (h *segmentRefs) add(seq, first, next uint64) {
	s := *h
	i := s.find(first)
	if i < len(s) && s[i].from < next {
		s[i].n++
		s[i].from, s[i].to = min(s[i].from, seq), max(s[i].to, seq)
		return
	}
	*h = slices.Insert(s, i, segmentRef{seq, seq, 1})
}

// drop is the opposite of push and add.
func (h *segmentRefs) drop(seq uint64) {
	s := *h
	i := s.find(seq)
	if i == len(s) || s[i].from > seq {
		return
	}
	if s[i].n--; s[i].n == 0 {
		*h = slices.Delete(s, i, i+1)
	}
}

// find is the first run that ends at or behind a seq.
func (h segmentRefs) find(seq uint64) int {
	i, _ := slices.BinarySearchFunc(h, seq, func(x segmentRef, seq uint64) int {
		if x.to < seq {
			return -1
		}
		return 1
	})
	return i
}

// touch reports whether any stands in the seqs from one to another.
func (h segmentRefs) touch(from, to uint64) bool {
	i := h.find(from)
	return i < len(h) && h[i].from <= to
}

// addRefs counts a delivery that has come: its record is needed, and so is the
// event that a resend points to. The queue is locked.
func (q *Queue) addRefs(it *Item) {
	q.segmentRefs.push(it.Number, it.Place.Segment)
	if it.Of != 0 {
		first, next := q.set.book.Bounds(it.Of)
		q.segmentRefs.add(it.Of, first, next)
	}
}

// ended takes a delivery out of what is counted. The queue is locked.
func (q *Queue) ended(it *Item) {
	q.backlog.subtract(it.size())
	q.segmentRefs.drop(it.Number)
	if it.Of != 0 {
		q.segmentRefs.drop(it.Of)
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
func (q *Queue) addRefsAnywhere(seqs ...uint64) {
	for _, seq := range seqs {
		if seq != 0 {
			first, next := q.set.book.Bounds(seq)
			q.segmentRefs.add(seq, first, next)
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
		if held.touch(first, last) {
			bytes += sizes[first]
		}
	}
	return bytes
}

// References are the runs of seqs that hold those which the queue needs.
func (q *Queue) References() []seqset.Span {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]seqset.Span, len(q.segmentRefs))
	for i, h := range q.segmentRefs {
		list[i] = seqset.Span{From: h.from, To: h.to}
	}
	return list
}

// RefersTo reports whether the queue may need any of the records.
func (q *Queue) RefersTo(s seqset.Span) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.segmentRefs.touch(s.From, s.To)
}
