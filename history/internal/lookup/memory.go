package lookup

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history/internal/index"
)

// Memory keeps what a process has read of a stream from one search to the next: the heads
// of indexes, and an index in memory of each segment that has none, such as the one being
// written, so that each line is read once. A head takes some 20 KiB, and a segment without
// an index 40 bytes for each line. Memory forgets all when it was not used for a while.
// The process must neither truncate nor replace what it has written. Memory is for
// concurrent use, and a nil one remembers nothing.
type Memory struct {
	mu     sync.Mutex
	heads  map[uint64]*index.Index
	tails  map[uint64]*tail
	forget *time.Timer
}

const (
	// mostHeads is how many heads are kept. One that is larger than largestHead, in
	// bytes, has very many groups and is not kept.
	mostHeads, largestHead = 512, 64 << 10
	// mostTails is how many segments may have no index: the one being written, and the
	// one before until it is indexed.
	mostTails = 2
	// kept is how long a Memory that is not used remembers.
	kept = 2 * time.Minute
)

// head returns the head of the index of a segment if it is remembered.
func (m *Memory) head(first uint64) *index.Index {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usedLocked()
	return m.heads[first]
}

// keep remembers the head of the index of a finished segment. It is valid as long as the
// segment exists.
func (m *Memory) keep(first uint64, x *index.Index) {
	if m == nil || x.HeadSize > largestHead {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usedLocked()
	if m.heads == nil {
		m.heads = map[uint64]*index.Index{}
	}
	for old := range m.heads {
		if len(m.heads) < mostHeads {
			break
		}
		delete(m.heads, old)
	}
	m.heads[first] = x
	delete(m.tails, first)
}

// tail returns the index in memory of a segment that has no index of its own; it may be
// empty. It returns nil for a segment that is not one of the last.
func (m *Memory) tail(s *Stream, first uint64) *tail {
	if m == nil {
		return nil
	}
	if all := s.Segments(); !slices.Contains(all[max(0, len(all)-mostTails):], first) {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usedLocked()
	if t := m.tails[first]; t != nil {
		return t
	}
	if m.tails == nil {
		m.tails = map[uint64]*tail{}
	}
	t := &tail{lines: index.Build(index.Segment{})}
	m.tails[first] = t
	if len(m.tails) > mostTails {
		delete(m.tails, slices.Min(slices.Collect(maps.Keys(m.tails))))
	}
	return t
}

func (m *Memory) usedLocked() {
	if m.forget == nil {
		m.forget = time.AfterFunc(kept, m.clear)
	}
	m.forget.Reset(kept)
}

func (m *Memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heads, m.tails = nil, nil
}
