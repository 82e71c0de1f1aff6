package lookup

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history/internal/index"
)

// Memory is what a process remembers of a stream from one search to the next: the heads of
// indexes, and which lines the segments have that have no index, such as the one being
// written, so that each line is read once. It takes some 20 KiB for each segment that has
// an index, and 40 bytes for each line of one that has none. It forgets all when it was
// not used for a while. It is for one stream of a process that neither truncates nor
// replaces what it has written. Many may use it at once, and a nil one remembers nothing.
type Memory struct {
	mu     sync.Mutex
	heads  map[uint64]*index.Index
	tails  map[uint64]*tail
	forget *time.Timer
}

const (
	// mostHeads is how many heads are kept, and largestHead how large one may be in
	// bytes: one of very many groups is larger.
	mostHeads, largestHead = 512, 64 << 10
	// mostTails is how many segments may have no index: the one being written, and the
	// one before until it is indexed.
	mostTails = 2
	// kept is how long something is remembered that nobody asks for.
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

// keep remembers the head of the index of a segment, which is finished: it fits as long as the segment
// exists.
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

// tail returns what is remembered of a segment without an index, which may be nothing yet.
// It is nil if nothing is to be remembered of it.
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
