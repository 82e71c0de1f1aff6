package seqset

import (
	"slices"

	"sidehook/history"
)

// Counts counts seqs by their segments. It has runs of seqs, in order, each with how
// many of its seqs are counted. Memory is proportional to the
// number of segments that have any, not of seqs.
//
// Runs do not overlap, and no two of them overlap the same segment. So a seq is
// found in the run that holds it, also after a recovery has put the last batch of a
// segment into one of its own; a run over both then holds both.
type Counts []Count

// Count is a run of seqs, both ends included.
type Count struct {
	From, To history.Seq
	N        int
}

// Push counts a seq higher than all before it, of the segment that begins at
// first. It is called for every event.
func (c *Counts) Push(seq, first history.Seq) {
	s := *c
	if i := len(s) - 1; i >= 0 && s[i].To >= first {
		s[i].N++
		s[i].To = max(s[i].To, seq)
		return
	}
	*c = append(s, Count{seq, seq, 1})
}

// Add counts any seq, of the segment that holds the seqs from first to before next.
func (c *Counts) Add(seq, first, next history.Seq) {
	s := *c
	i := s.find(first)
	if i < len(s) && s[i].From < next {
		s[i].N++
		s[i].From, s[i].To = min(s[i].From, seq), max(s[i].To, seq)
		return
	}
	*c = slices.Insert(s, i, Count{seq, seq, 1})
}

// Drop is the opposite of Push and Add.
func (c *Counts) Drop(seq history.Seq) {
	s := *c
	i := s.find(seq)
	if i == len(s) || s[i].From > seq {
		return
	}
	if s[i].N--; s[i].N == 0 {
		*c = slices.Delete(s, i, i+1)
	}
}

// find returns the first run that ends at or after a seq.
func (c Counts) find(seq history.Seq) int {
	i, _ := slices.BinarySearchFunc(c, seq, func(x Count, seq history.Seq) int {
		if x.To < seq {
			return -1
		}
		return 1
	})
	return i
}

// Touches reports whether any run overlaps a span.
func (c Counts) Touches(x Span[history.Seq]) bool {
	i := c.find(x.From)
	return i < len(c) && c[i].From <= x.To
}
