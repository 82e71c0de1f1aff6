package history

import (
	"sidehook/history/segment"
)

// spoken is how far a finished segment of the deliveries was read to find an
// event that it speaks of and that is still there. That event is its witness:
// the segment stays as long as its witness does, and only then is read on. So
// each is read once at most, whatever becomes of the events.
type spoken struct {
	witness uint64 // its seq; 0 before the first look
	offset  int64  // of the line that names it
	silent  bool   // it speaks of no event that is there
}

// speaks says whether a finished segment of the deliveries speaks of an event
// that is still there (R2).
func (j *Journal) speaks(first uint64) (bool, error) {
	s, ok := j.retention.keeping.deliveries[first]
	if !ok {
		s = &spoken{}
		j.retention.keeping.deliveries[first] = s
	}
	if s.silent {
		return false, nil
	}
	removed := j.retention.removedOf(segment.Events)
	there := func(seq uint64) bool {
		return seq != 0 && j.events.SegmentOf(seq) != 0 && !removed.has(seq)
	}
	if there(s.witness) {
		return true, nil
	}
	s.witness = 0
	err := visitLines(j.delivered, first, s.offset, j.damaged, func(line *segment.Line) bool {
		seq := seqOf(line)
		if there(seq) {
			s.witness, s.offset = seq, int64(line.Place.Offset)
		}
		return s.witness == 0
	})
	if err != nil {
		return true, err
	}
	s.silent = s.witness == 0
	return !s.silent, nil
}

// seqOf is the seq that a record of the deliveries speaks of, 0 if of none.
func seqOf(line *segment.Line) uint64 {
	for name, raw := range members(line.Fields()) {
		if name == "seq" {
			return number(raw)
		}
	}
	return 0
}
