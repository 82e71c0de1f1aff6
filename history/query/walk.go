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
	which        index.Selection               // of the lines that may match
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

// lines returns the list of the segment's lines; nil if there is none, or all may match.
func (w *walk) lines() (lookup.Lines, error) {
	if w.which.IsAll() && w.since.IsZero() && w.until.IsZero() {
		return nil, nil
	}
	return w.Lines(w.first)
}

// run visits them. lines, which may be nil, knows which lines there are.
func (w *walk) run(lines lookup.Lines) error {
	if lines != nil && !w.which.IsAll() {
		if right, err := w.listed(lines); right || err != nil {
			return err
		}
	}
	return w.scan(lines)
}

// listed visits the lines that are listed. It reports false if the segment contradicts
// that; from there on the segment itself must be read.
func (w *walk) listed(lines lookup.Lines) (right bool, err error) {
	offsets, err := lines.List(w.which)
	if err != nil {
		return false, nil
	}
	entries := w.Entries()
	for {
		i := sort.Search(len(offsets), func(i int) bool { return int64(offsets[i]) >= w.before })
		if offsets = offsets[:i]; i == 0 || w.enough {
			return true, nil
		}
		offset := offsets[i-1]
		if some, _, begin := lines.WithinAt(offset, w.since, w.until); !some {
			w.before = int64(min(begin, offset))
			continue
		}
		line, err := w.At(w.first, offset)
		var damage *segment.Damage
		if err != nil && !errors.As(err, &damage) {
			return false, err
		}
		if err != nil || !slices.ContainsFunc(entries.Of(&line).Listings, w.mayBe) {
			return false, nil
		}
		w.before = int64(offset)
		w.enough = !w.tell(&line)
	}
}

// mayBe reports whether a line is listed like that, or with any type.
func (w *walk) mayBe(l index.Listing) bool {
	if w.which.Has(l) {
		return true
	}
	l.Type = ""
	return w.which.Has(l)
}

// scan visits the matching lines by reading back from the walk's position. lines, if there
// is one, shows which times need not be read.
func (w *walk) scan(lines lookup.Lines) error {
	b, err := w.Backward(w.first, w.before)
	if err != nil {
		return err
	}
	for !w.enough {
		if lines != nil && w.before > 0 {
			if some, _, begin := lines.WithinAt(uint32(w.before-1), w.since, w.until); !some {
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
