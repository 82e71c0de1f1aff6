package index

import (
	"slices"
	"sort"
	"time"
)

// block has the earliest and the latest time of blockLines lines.
type block struct {
	offset   uint32 // of the first line
	min, max int64
}

func (b block) within(since, until time.Time) bool {
	return (since.IsZero() || b.max >= stamp(since)) && (until.IsZero() || b.min < stamp(until))
}

// blocks are the blocks of a segment, in order.
type blocks []block

func (list blocks) within(since, until time.Time) bool {
	return slices.ContainsFunc(list, func(b block) bool { return b.within(since, until) })
}

func (list blocks) withinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32) {
	i := sort.Search(len(list), func(i int) bool { return list[i].offset > offset })
	if i == 0 {
		return true, false, 0
	}
	b := list[i-1]
	all = (since.IsZero() || b.min >= stamp(since)) && (until.IsZero() || b.max < stamp(until))
	return b.within(since, until), all, b.offset
}

// seqs are the lowest and the highest seq that lines have; zero if none has one.
type seqs struct{ lowest, highest uint64 }

func (s *seqs) add(seq uint64) {
	if seq == 0 {
		return
	}
	if s.lowest == 0 || seq < s.lowest {
		s.lowest = seq
	}
	s.highest = max(s.highest, seq)
}

func (s *seqs) has(seq uint64) bool { return s.lowest <= seq && seq <= s.highest }
