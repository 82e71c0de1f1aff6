package lookup

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// isResend reports whether lines of a group of the events are resends.
func isResend(g index.Group) bool { return g.Status == groupResend }

// Resends visits the resends of a segment that may be from since on.
func (s *Stream) Resends(first uint64, since time.Time, visit func(*jsonl.Line) bool) error {
	x, done, err := s.Index(first)
	if err != nil {
		return err
	}
	defer done()
	if x != nil {
		if !x.Within(since, time.Time{}) {
			return nil
		}
		offsets, err := x.List(isResend)
		if err == nil {
			err = s.visitAt(first, x, offsets, since, visit)
		}
		var damage *segment.Damage
		if err == nil || !errors.Is(err, index.ErrUnfit) && !errors.As(err, &damage) {
			return err
		}
	}
	return VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		return !bytes.Contains(line.Raw, []byte(`"kind":"resend","of":`)) || !slices.ContainsFunc(s.Entry(line).Groups, isResend) || visit(line)
	})
}

// visitAt visits the lines at the offsets of an index. It returns index.ErrUnfit if one
// is not a resend.
func (s *Stream) visitAt(first uint64, x *index.Index, offsets []uint32, since time.Time, visit func(*jsonl.Line) bool) error {
	for _, offset := range offsets {
		if within, _ := x.WithinAt(offset, since, time.Time{}); !within {
			continue
		}
		line, err := s.At(first, offset)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(s.Entry(&line).Groups, isResend) {
			return index.ErrUnfit
		}
		if !visit(&line) {
			break
		}
	}
	return nil
}
