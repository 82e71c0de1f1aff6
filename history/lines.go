package history

import (
	"errors"
	"io"

	"sidehook/history/segment"
)

// nextLine is the next record of a segment; false behind the last whole one.
// Damaged lines are passed over and told.
func nextLine(s *segment.Scanner, damaged func(*segment.Damage)) (line segment.Line, ok bool, err error) {
	for {
		line, err := s.Next()
		var damage *segment.Damage
		switch {
		case err == nil:
			return line, true, nil
		case errors.As(err, &damage):
			damaged(damage)
		case errors.Is(err, io.EOF), errors.Is(err, segment.ErrTorn):
			return line, false, nil
		default:
			return line, false, err
		}
	}
}

// visitLines visits the records of a segment behind an offset until visit is
// false.
func visitLines(a *segment.Archive, first uint64, offset int64, damaged func(*segment.Damage), visit func(*segment.Line) bool) error {
	s, err := a.Scan(first, offset)
	if err != nil {
		return err
	}
	for {
		line, ok, err := nextLine(s, damaged)
		if err != nil || !ok || !visit(&line) {
			return err
		}
	}
}
