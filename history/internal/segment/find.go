package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"sidehook/history/internal/jsonl"
)

// Read returns the record at a location. The error is a *Damage if there is none now.
func (a *Archive) Read(p jsonl.Location) (jsonl.Line, error) {
	raw := make([]byte, p.Length)
	n, err := (reader{a, p.Segment}).ReadAt(raw, int64(p.Offset))
	if err != nil && err != io.EOF {
		return jsonl.Line{}, fmt.Errorf("read %s: %w", a.stream.File(p.Segment), err)
	}
	damage := &Damage{File: a.stream.File(p.Segment), Offset: int64(p.Offset), Length: int64(p.Length)}
	if n < len(raw) || n == 0 || raw[n-1] != '\n' {
		damage.Reason = "no line ends where one did"
		return jsonl.Line{}, a.explain(p.Segment, damage)
	}
	line, reason := jsonl.Parse(a.stream.Key, raw[:n-1])
	if reason != "" {
		damage.Reason = reason
		return jsonl.Line{}, a.explain(p.Segment, damage)
	}
	line.Location = p
	return line, nil
}

// lineGuess is how much is read at first of a line of unknown length.
const lineGuess = 4 << 10

// At returns the record that begins at an offset, if its length is not known. The error
// is a *Damage if there is none.
func (a *Archive) At(first uint64, offset uint32) (jsonl.Line, error) {
	for guess := lineGuess; ; guess *= 4 {
		raw := make([]byte, guess)
		n, err := (reader{a, first}).ReadAt(raw, int64(offset))
		if err != nil && err != io.EOF {
			return jsonl.Line{}, fmt.Errorf("read %s: %w", a.stream.File(first), err)
		}
		end := bytes.IndexByte(raw[:n], '\n')
		if end < 0 && n == guess && guess < MaxLine {
			continue
		}
		damage := &Damage{File: a.stream.File(first), Offset: int64(offset), Length: int64(end + 1), Reason: "no line ends where one did"}
		if end < 0 {
			return jsonl.Line{}, a.explain(first, damage)
		}
		line, reason := jsonl.Parse(a.stream.Key, raw[:end:end])
		if reason != "" {
			damage.Reason = reason
			return jsonl.Line{}, a.explain(first, damage)
		}
		line.Location = jsonl.Location{Segment: first, Offset: offset, Length: uint32(end + 1)}
		return line, nil
	}
}

// Find returns the record with a number. It bisects the segment, because numbers only
// rise (S1): that takes some twenty small reads, and needs no index.
func (a *Archive) Find(number uint64) (jsonl.Line, error) {
	first := a.SegmentOf(number)
	if first == 0 {
		return jsonl.Line{}, jsonl.ErrNotFound
	}
	return a.findIn(first, number)
}

func (a *Archive) findIn(first, number uint64) (jsonl.Line, error) {
	low := int64(0)
	high, err := a.Size(first)
	if err != nil {
		return jsonl.Line{}, err
	}
	// The line of the number begins in [low, high).
	for high-low > 4<<10 {
		middle := low + (high-low)/2
		line, err := a.firstFrom(first, middle, high)
		if errors.Is(err, io.EOF) || err == nil && line.Number > number {
			high = middle
			continue
		}
		if err != nil {
			return jsonl.Line{}, err
		}
		low = int64(line.Location.Offset)
		if line.Number == number {
			return line, nil
		}
	}
	for {
		line, err := a.firstFrom(first, low, 1<<62)
		if err != nil && !errors.Is(err, io.EOF) {
			return jsonl.Line{}, err
		}
		if err != nil || line.Number > number {
			return jsonl.Line{}, jsonl.ErrNotFound
		}
		if line.Number == number {
			return line, nil
		}
		low = line.Location.End()
	}
}

// firstFrom returns the first good record that begins at or after an offset, which may
// be inside a line, and before end; io.EOF if there is none.
func (a *Archive) firstFrom(first uint64, offset, end int64) (jsonl.Line, error) {
	from := max(offset-1, 0)
	s, err := a.Scan(first, from)
	if err != nil {
		return jsonl.Line{}, err
	}
	s.chunk = 8 << 10
	for skip := offset > 0; ; skip = false {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err != nil && !errors.As(err, &damage):
			if errors.Is(err, ErrTorn) {
				err = io.EOF
			}
			return jsonl.Line{}, err
		case !skip && err == nil && int64(line.Location.Offset) < end:
			return line, nil
		case s.Offset() >= end:
			return jsonl.Line{}, io.EOF
		}
	}
}

// lastBefore returns the last good record before the segment that begins at first.
func (a *Archive) lastBefore(first uint64) (last jsonl.Line, err error) {
	for _, segment := range slices.Backward(a.Segments()) {
		if segment >= first {
			continue
		}
		last, err := a.Last(segment)
		if !errors.Is(err, jsonl.ErrNotFound) {
			return last, err
		}
	}
	return last, nil
}

// Last returns the last good record of a segment, jsonl.ErrNotFound if there is none.
func (a *Archive) Last(first uint64) (jsonl.Line, error) {
	size, err := a.Size(first)
	if err != nil {
		return jsonl.Line{}, err
	}
	for back := int64(64 << 10); ; back *= 4 {
		last, err := a.lastAfter(first, max(size-back, 0))
		if err != nil {
			return jsonl.Line{}, err
		}
		if last.Length > 0 {
			return a.Read(last)
		}
		if back >= size {
			return jsonl.Line{}, jsonl.ErrNotFound
		}
	}
}

// lastAfter returns where the last good record is that begins at or after an offset,
// which may be inside a line; zero if there is none.
func (a *Archive) lastAfter(first uint64, offset int64) (last jsonl.Location, err error) {
	s, err := a.Scan(first, max(offset-1, 0))
	if err != nil {
		return last, err
	}
	for skip := offset > 0; ; skip = false {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err == nil:
			if !skip {
				last = line.Location
			}
		case errors.Is(err, io.EOF), errors.Is(err, ErrTorn):
			return last, nil
		case !errors.As(err, &damage):
			return last, err
		}
	}
}
