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

// resends selects the resends among the events.
var resends = index.Selection{Groups: func(g index.Group) bool { return g.Status == groupResend }}

// Resends visits the resends of a segment. It may leave out those before since.
func (s *Stream) Resends(first uint64, since time.Time, visit func(*jsonl.Line) bool) error {
	lines, err := s.Lines(first)
	if err != nil {
		return err
	}
	if lines != nil {
		if !lines.Within(since, time.Time{}) {
			return nil
		}
		offsets, err := lines.List(resends)
		if err == nil {
			err = s.visitAt(first, lines, offsets, since, visit)
		}
		var damage *segment.Damage
		if err == nil || !errors.Is(err, index.ErrUnfit) && !errors.As(err, &damage) {
			return err
		}
	}
	entries := s.Entries()
	return VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		return !bytes.Contains(line.Raw, []byte(`"kind":"resend","of":`)) || !entries.isResend(line) || visit(line)
	})
}

func (e *Entries) isResend(line *jsonl.Line) bool {
	return slices.ContainsFunc(e.Of(line).Listings, resends.Has)
}

// visitAt visits the resends at some offsets. It returns index.ErrUnfit if one of the lines
// is not a resend.
func (s *Stream) visitAt(first uint64, lines Lines, offsets []uint32, since time.Time, visit func(*jsonl.Line) bool) error {
	entries := s.Entries()
	for _, offset := range offsets {
		if some, _, _ := lines.WithinAt(offset, since, time.Time{}); !some {
			continue
		}
		line, err := s.At(first, offset)
		if err != nil {
			return err
		}
		if !entries.isResend(&line) {
			return index.ErrUnfit
		}
		if !visit(&line) {
			break
		}
	}
	return nil
}
