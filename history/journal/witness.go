package journal

import (
	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// reference is an event that a finished segment of the deliveries speaks of and
// that is still there. The segment stays as long as its witness does, and only
// then is read on. So each is read once at most, whatever becomes of the events.
type reference struct {
	seq    uint64 // 0: none was found yet
	offset int64  // of the line that names it
	silent bool   // the segment speaks of no event that is there
}

// refersToKept reports whether a finished segment of the deliveries speaks of an event
// that is still there (R2).
func (j *Journal) refersToKept(first uint64) (bool, error) {
	w, ok := j.retention.keeping.witnesses[first]
	if !ok {
		w = &reference{}
		j.retention.keeping.witnesses[first] = w
	}
	if w.silent {
		return false, nil
	}
	removed := j.retention.removedOf(segment.Events)
	there := func(seq uint64) bool {
		return seq != 0 && j.events.SegmentOf(seq) != 0 && !removed.Has(seq)
	}
	if there(w.seq) {
		return true, nil
	}
	w.seq = 0
	err := j.delivered.Visit(first, w.offset, j.reportCorruption, func(line *jsonl.Line) bool {
		seq := seqOf(line)
		if there(seq) {
			w.seq, w.offset = seq, int64(line.Location.Offset)
		}
		return w.seq == 0
	})
	if err != nil {
		return true, err
	}
	w.silent = w.seq == 0
	return !w.silent, nil
}

// seqOf is the seq that a record of the deliveries speaks of, 0 if of none.
func seqOf(line *jsonl.Line) uint64 {
	for name, raw := range history.Members(line.Fields()) {
		if name == "seq" {
			return history.Number(raw)
		}
	}
	return 0
}
