package segment

import (
	"errors"
	"io"

	"sidehook/history/internal/jsonl"
)

// NextGood is the next record that is as it was written; false after the last
// whole one. It skips damaged lines, and calls damaged with each.
func (s *Scanner) NextGood(damaged func(*Damage)) (line jsonl.Line, ok bool, err error) {
	for {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err == nil:
			return line, true, nil
		case errors.As(err, &damage):
			damaged(damage)
		case errors.Is(err, io.EOF), errors.Is(err, ErrTorn):
			return line, false, nil
		default:
			return line, false, err
		}
	}
}

// Visit visits the good records of a segment after an offset until visit is
// false.
func (a *Archive) Visit(first uint64, offset int64, damaged func(*Damage), visit func(*jsonl.Line) bool) error {
	s, err := a.Scan(first, offset)
	if err != nil {
		return err
	}
	for {
		line, ok, err := s.NextGood(damaged)
		if err != nil || !ok || !visit(&line) {
			return err
		}
	}
}

// IsDamage reports whether a record could not be had because it is not there, or
// not what was written.
func IsDamage(err error) bool {
	var damage *Damage
	return errors.As(err, &damage) || errors.Is(err, jsonl.ErrNotFound)
}
