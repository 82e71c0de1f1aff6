package segment

import (
	"errors"
	"io"

	"sidehook/history/internal/jsonl"
)

// NextGood returns the next good record, and reports false after the last one. It skips
// damaged lines, and calls damaged with each.
func (s *Scanner) NextGood(damaged func(*Damage)) (line jsonl.Line, ok bool, err error) {
	for {
		line, err := s.Next()
		if err == nil {
			return line, true, nil
		}
		var damage *Damage
		switch {
		case errors.As(err, &damage):
			damaged(damage)
		case errors.Is(err, io.EOF), errors.Is(err, ErrTorn):
			return line, false, nil
		default:
			return line, false, err
		}
	}
}

// Visit visits the good records of a segment after an offset until visit
// returns false.
func (a *Archive) Visit(first uint64, offset int64, damaged func(*Damage), visit func(*jsonl.Line) bool) error {
	s, err := a.Scan(first, offset)
	if err != nil {
		return err
	}
	var line jsonl.Line
	for ok := false; ; {
		line, ok, err = s.NextGood(damaged)
		if err != nil || !ok || !visit(&line) {
			return err
		}
	}
}

// IsDamage reports whether an error means that a record is missing, or is not what was
// written.
func IsDamage(err error) bool {
	var damage *Damage
	return errors.As(err, &damage) || errors.Is(err, jsonl.ErrNotFound)
}
