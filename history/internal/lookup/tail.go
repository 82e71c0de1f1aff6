package lookup

import (
	"sync"
	"time"

	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
)

// tail is the index in memory of a segment that may still get lines. It is for concurrent
// use.
type tail struct {
	mu    sync.Mutex
	read  int64 // the offset up to which the segment was read
	lines *index.Builder
}

// update reads the lines that are new.
func (t *tail) update(s *Stream, first uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	entries := s.Entries()
	return VisitLinesFrom(s.Archive, first, t.read, func(line *jsonl.Line) bool {
		e := entries.Of(line)
		e.Tally = false // it takes too much memory
		t.lines.Add(e)
		t.read = line.Location.End()
		return true
	})
}

func (t *tail) HasSeq(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.HasSeq(seq)
}

func (t *tail) HasGroup(has func(index.Group) bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.HasGroup(has)
}

func (t *tail) Within(since, until time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.Within(since, until)
}

func (t *tail) WithinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.WithinAt(offset, since, until)
}

func (t *tail) List(s index.Selection) ([]uint32, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.List(s)
}

func (t *tail) Each(s index.Selection, visit func(index.Listed)) error {
	var list []index.Listed
	t.mu.Lock()
	err := t.lines.Each(s, func(l index.Listed) { list = append(list, l) })
	t.mu.Unlock()
	for _, l := range list {
		visit(l) // not under the lock: visit may call the tail
	}
	return err
}

func (t *tail) Lookup(keys ...string) ([]uint32, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines.Lookup(keys...)
}
