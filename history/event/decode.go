package event

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// Decoder turns the bodies that applications post into events. All errors are of type *Error. It is
// for concurrent use, and keeps no part of a body.
type Decoder struct {
	Source  string           // for events without a source; must be a valid one; empty: each must have its own
	MaxSize int              // of one event as it was posted, in bytes; 0: 1 MiB
	Now     func() time.Time // nil: time.Now
}

// Plain reads one event of which only the type is required, or a CloudEvents 0.1
// envelope, which has a cloudEventsVersion. It fills in id, source, time and specversion
// where they are missing; an envelope has other names for them.
func (d *Decoder) Plain(body []byte) (Event, error) {
	var now time.Time
	e, err := d.plain(body, &now)
	if err != nil {
		return Event{}, err
	}
	return e, nil
}

// plain is Plain. now is the time to fill in; if it is zero, plain sets it when it needs it.
func (d *Decoder) plain(body []byte, now *time.Time) (Event, *Error) {
	if err := d.tooLarge(len(body)); err != nil {
		return Event{}, err
	}
	var room [maxFill]byte
	quotedSource := AppendString(room[:0], d.Source)
	head := maxFill + len(quotedSource)
	s := newScanner(body)
	if s.end(s.outer(0, make([]byte, head+len(body)), head)) < 0 {
		return Event{}, s.err
	}
	f, required := modern, []role{kind}
	if s.has(attributeNames[legacy][version]) {
		f, required = legacy, []role{version, kind}
	}
	if d.Source == "" {
		required = append(required, source)
	}
	at, ok := s.check(f, required...)
	if !ok {
		return Event{}, s.err
	}
	filled := d.fill(&s, f, &at, quotedSource, now)
	return s.event(f, &at, filled), nil
}

// Structured reads one CloudEvents 1.0 event, whose required attributes must
// all be there.
func (d *Decoder) Structured(body []byte) (Event, error) {
	if err := d.tooLarge(len(body)); err != nil {
		return Event{}, err
	}
	s := newScanner(body)
	e, i := d.structured(&s, 0, make([]byte, len(body)))
	if s.end(i) < 0 {
		return Event{}, s.err
	}
	return e, nil
}

// structured reads the event that should begin at i, writes its JSON to dst, and returns
// the offset after the event, or -1.
func (d *Decoder) structured(s *scanner, i int, dst []byte) (Event, int) {
	i, _ = s.blank(i)
	end := s.outer(i, dst, 0)
	if end < 0 {
		return Event{}, -1
	}
	if s.err = d.tooLarge(end - i); s.err != nil {
		return Event{}, -1
	}
	at, ok := s.check(modern, version, id, source, kind)
	if !ok {
		return Event{}, -1
	}
	return s.event(modern, &at, nil), end
}

// Batch reads a JSON array of CloudEvents 1.0 events, each as Structured does.
func (d *Decoder) Batch(body []byte) ([]Event, error) {
	var events []Event
	s := newScanner(body)
	i, c := s.blank(0)
	if c != '[' {
		s.expected(i, "an array of events")
		return nil, s.err
	}
	i, c = s.blank(i + 1)
	dst := make([]byte, len(body)) // of one event at a time
	for more := c != ']'; more; {
		e, end := d.structured(&s, i, dst)
		if end < 0 {
			s.err.Index = len(events)
			return nil, s.err
		}
		e.JSON = bytes.Clone(e.JSON)
		events = append(events, e)
		if i, c = s.blank(end); c == ',' {
			i++
		} else {
			more = false
		}
	}
	if c != ']' {
		s.expected(i, `"," or "]"`)
		return nil, s.err
	}
	if s.end(i+1) < 0 {
		return nil, s.err
	}
	return events, nil
}

// Lines reads one event a line, as Plain does. All events that lack a time get the same
// one. Blank lines are skipped.
func (d *Decoder) Lines(body []byte) ([]Event, error) {
	// A body of blank lines must not make it reserve much memory.
	events := make([]Event, 0, min(bytes.Count(body, []byte{'\n'})+1, 1024))
	var now time.Time
	from := 0
	for line := range bytes.Lines(body) {
		if text := bytes.TrimRight(line, " \t\r\n"); len(text) > 0 {
			e, err := d.plain(text, &now)
			if err != nil {
				err.Index = len(events)
				if err.Offset >= 0 {
					err.Offset += from
				}
				return nil, err
			}
			events = append(events, e)
		}
		from += len(line)
	}
	return events, nil
}

// tooLarge returns an error if an event of that size is too large, else nil.
func (d *Decoder) tooLarge(size int) *Error {
	limit := d.MaxSize
	if limit == 0 {
		limit = 1 << 20
	}
	if limit = min(limit, math.MaxInt32); size <= limit {
		return nil
	}
	return &Error{Index: -1, Problem: fmt.Sprintf("the event is larger than %d bytes", limit), Offset: -1, TooLarge: true}
}
