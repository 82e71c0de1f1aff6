package retention

import (
	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// reference is an event that exists and to which a finished segment of the deliveries
// refers. The segment stays as long as the event exists. Then the search continues after
// the line that refers to it, so that each segment is read once at most.
type reference struct {
	seq    uint64 // 0: none was found yet
	offset int64  // of the line that refers to it
	none   bool   // the segment refers to no event that exists
}

// refersToKept reports whether a finished segment of the deliveries refers to an
// event that exists (R2).
func (k *Keeper) refersToKept(first uint64) (bool, error) {
	r, ok := k.look.references[first]
	if !ok {
		r = &reference{}
		k.look.references[first] = r
	}
	if r.none {
		return false, nil
	}
	removed := k.Removed(segment.Events)
	exists := func(seq uint64) bool {
		return seq != 0 && k.look.events.SegmentOf(seq) != 0 && !removed.Has(seq)
	}
	if exists(r.seq) {
		return true, nil
	}
	r.seq = 0
	err := k.look.deliveries.Visit(first, r.offset, k.Damaged, func(line *jsonl.Line) bool {
		if seq := seqOf(line); exists(seq) {
			r.seq, r.offset = seq, int64(line.Location.Offset)
		}
		return r.seq == 0
	})
	if err != nil {
		return true, err
	}
	r.none = r.seq == 0
	return !r.none, nil
}

// seqOf returns the seq of the event that a line of the deliveries refers to, 0 if
// it refers to none.
func seqOf(line *jsonl.Line) uint64 {
	for name, raw := range history.Members(line.Fields()) {
		if string(name) == "seq" {
			return history.Number(raw)
		}
	}
	return 0
}
