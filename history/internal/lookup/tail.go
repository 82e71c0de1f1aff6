package lookup

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
)

// Tail remembers which keys are in the lines of segments that have no index, such as the
// one being written, so that a process that looks things up often reads each line once.
// It takes 8 bytes a key, forgets all when it was not used for a while, and is for one
// stream of a process that neither truncates nor replaces what it has written. Many may
// use it at once.
type Tail struct {
	mu       sync.Mutex
	segments map[uint64]*tailKeys
	forget   *time.Timer
}

// tailKeys are the keys of a segment, in the order of its lines.
type tailKeys struct {
	read int64 // up to this offset
	keys []tailKey
}

type tailKey struct {
	hash   uint32
	offset uint32 // of the line
}

const (
	// tailSegments is how many segments may have no index: the one being written, and
	// the one before until it is indexed.
	tailSegments = 2
	// tailKept is how long keys are remembered that nobody asks for.
	tailKept = 2 * time.Minute
)

// lookup returns the offsets of lines of a segment that may have one of the keys.
func (t *Tail) lookup(s *Stream, first uint64, keys []LookupKey) (offsets []uint32, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.segmentLocked(first)
	err = VisitLinesFrom(s.Archive, first, known.read, func(line *jsonl.Line) bool {
		for _, key := range s.Entry(line).Keys {
			known.keys = append(known.keys, tailKey{index.Hash(key), line.Location.Offset})
		}
		known.read = line.Location.End()
		return true
	})
	if err != nil {
		return nil, err
	}
	const bits = 12
	var may [1 << bits]bool // by the end of a hash: most lines have none of many keys
	hashes := make(map[uint32]bool, len(keys))
	for _, k := range keys {
		hash := index.Hash(k.key)
		hashes[hash], may[hash%(1<<bits)] = true, true
	}
	for _, k := range known.keys {
		if may[k.hash%(1<<bits)] && hashes[k.hash] {
			offsets = append(offsets, k.offset)
		}
	}
	return offsets, nil
}

// segmentLocked returns what is known of a segment, which may be nothing yet. The oldest
// of more than tailSegments is forgotten.
func (t *Tail) segmentLocked(first uint64) *tailKeys {
	if t.forget == nil {
		t.forget = time.AfterFunc(tailKept, t.clear)
	}
	t.forget.Reset(tailKept)
	known := t.segments[first]
	if known != nil {
		return known
	}
	if t.segments == nil {
		t.segments = map[uint64]*tailKeys{}
	}
	known = &tailKeys{}
	t.segments[first] = known
	if len(t.segments) > tailSegments {
		delete(t.segments, slices.Min(slices.Collect(maps.Keys(t.segments))))
	}
	return known
}

func (t *Tail) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.segments = nil
}
