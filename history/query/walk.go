package query

import (
	"errors"
	"io"
	"slices"
	"sort"
	"time"

	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// walk visits the records of one segment that may match, from its end.
type walk struct {
	*lookup.Stream
	first        uint64
	before       int64 // the offset that it has reached
	since, until time.Time
	group        func(index.Group) bool        // reports whether lines of a group may match; nil: any line may
	tell         func(*jsonl.Line) (more bool) // is given a line
	enough       bool
}

// from begins at the end of the segment, or before the record of a number that is in it.
func (w *walk) from(before uint64) (err error) {
	if w.before, err = w.Size(w.first); err != nil {
		return err
	}
	if before > 0 && w.SegmentOf(before) == w.first {
		// A record that is damaged is not found; then all of the segment's are
		// compared with its number.
		if line, err := w.Find(before); err == nil {
			w.before = int64(line.Location.Offset)
		}
	}
	return nil
}

// run visits with the help of an index, which may be nil.
func (w *walk) run(x *index.Index) error {
	if x != nil && w.group != nil {
		if right, err := w.listed(x); right || err != nil {
			return err
		}
	}
	return w.scan(x)
}

// listed visits the lines that the index lists. It reports false if the segment
// contradicts the index; from there on the segment itself must be read.
func (w *walk) listed(x *index.Index) (right bool, err error) {
	offsets, err := x.List(w.group)
	if err != nil {
		return false, nil
	}
	for {
		i := sort.Search(len(offsets), func(i int) bool { return int64(offsets[i]) >= w.before })
		if offsets = offsets[:i]; i == 0 || w.enough {
			return true, nil
		}
		offset := offsets[i-1]
		if within, begin := x.WithinAt(offset, w.since, w.until); !within {
			w.before = int64(min(begin, offset))
			continue
		}
		line, err := w.At(w.first, offset)
		var damage *segment.Damage
		if err != nil && !errors.As(err, &damage) {
			return false, err
		}
		if err != nil || !slices.ContainsFunc(w.Entry(&line).Groups, w.mayBeIn) {
			return false, nil
		}
		w.before = int64(offset)
		w.enough = !w.tell(&line)
	}
}

// mayBeIn reports whether a line of a group is listed, there or in the group of any type.
func (w *walk) mayBeIn(g index.Group) bool {
	if w.group(g) {
		return true
	}
	g.Type = ""
	return w.group(g)
}

// scan visits the matching lines by reading back from the walk's position. An index, if
// there is one, shows which times need not be read.
func (w *walk) scan(x *index.Index) error {
	b, err := w.Backward(w.first, w.before)
	if err != nil {
		return err
	}
	for !w.enough {
		if x != nil && w.before > 0 {
			if within, begin := x.WithinAt(uint32(w.before-1), w.since, w.until); !within {
				w.before = int64(begin)
				if b, err = w.Backward(w.first, w.before); err != nil {
					return err
				}
				continue
			}
		}
		line, err := b.Next()
		var damage *segment.Damage
		switch {
		case errors.As(err, &damage):
			w.before = damage.Offset
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			w.before = int64(line.Location.Offset)
			w.enough = !w.tell(&line)
		}
	}
	return nil
}
