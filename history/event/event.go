// Package event owns one event as JSON: it reads what an application posts, checks it
// by the rules of CloudEvents, fills in what may be missing, and finds the attributes
// of a stored event again.
//
// An event is kept byte for byte, but for white space between tokens: numbers, escapes,
// unknown extensions and the order of members stay as they are. There are two
// exceptions: an attribute that is null counts as absent and is dropped (data may be
// null), and the names of attributes are spelled without escapes. What CloudEvents does
// not allow is refused, never repaired; the error has the attribute and the offset.
//
// The listener decodes each event once, with a Decoder, and a queue keeps it as it is
// while it waits in memory. The journal stores JSON and Filled. When an event was read
// again, package send calls Parsed to find its attributes.
package event

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
)

// OwnPrefix begins the types of sidehook's own events. No application may post one, and
// only a glob that begins with it matches one.
const OwnPrefix = "sidehook."

// Event is one event in the form in which it came. It is never changed, so that copies
// may share its memory.
type Event struct {
	ID, Source, Type string   // decoded
	Legacy           bool     // the CloudEvents 0.1 envelope
	JSON             []byte   // compact, with what was filled in
	Filled           []string // the names of what was filled in, in order

	members []member // of JSON, in order; nil: only JSON and Filled are known
}

// Parsed returns an event with its attributes: the event itself, or the result of Parse if
// it has only JSON and Filled.
func (e *Event) Parsed() (*Event, error) {
	if e.members != nil {
		return e, nil
	}
	parsed, err := Parse(e.JSON, e.Filled)
	return &parsed, err
}

// Size returns about how much memory the event takes.
func (e *Event) Size() int64 {
	return int64(len(e.JSON) + len(e.ID) + len(e.Source) + len(e.Type) + 16*cap(e.members))
}

// Parse finds the attributes of a stored event again. The result shares stored, which a
// Decoder made. The rules are not checked again, but bytes that are no event are an
// error.
func Parse(stored []byte, filled []string) (Event, error) {
	if len(stored) > math.MaxInt32 {
		return Event{}, fmt.Errorf("parse event: %d bytes are too many", len(stored))
	}
	s, err := scanObject(stored)
	if err != nil {
		return Event{}, fmt.Errorf("parse event: %w", err)
	}
	f := modern
	if s.has(attributeNames[legacy][version]) {
		f = legacy
	}
	at := s.locate(f)
	if at[id] == 0 || at[source] == 0 || at[kind] == 0 {
		return Event{}, errors.New("parse event: its id, source or type is missing")
	}
	return s.event(f, &at, filled), nil
}

// event returns the object read last.
func (s *scanner) event(f form, at *places, filled []string) Event {
	json := s.dst[s.base:len(s.dst):len(s.dst)]
	members := s.members
	for k, m := range members {
		members[k] = m.moved(-uint32(s.base))
	}
	e := Event{Legacy: f == legacy, JSON: json, Filled: filled, members: members}
	// One string has all three, because each would be an allocation.
	var room [128]byte
	text := room[:0]
	var ends [3]int
	for k, r := range [...]role{id, source, kind} {
		if raw := members[at[r]-1].raw(json); raw[0] == '"' {
			text = unescape(text, raw[1:len(raw)-1])
		}
		ends[k] = len(text)
	}
	all := string(text)
	e.ID, e.Source, e.Type = all[:ends[0]], all[ends[0]:ends[1]], all[ends[1]:]
	return e
}

func (e *Event) form() form {
	if e.Legacy {
		return legacy
	}
	return modern
}

// Given returns the length of its JSON without what was filled in.
func (e *Event) Given() int {
	n := len(e.JSON)
	for _, name := range e.Filled {
		n -= len(`"":,`) + len(name) + len(e.Raw(name))
	}
	return n
}

// Raw returns the JSON value of the member with that name, nil if there is none.
func (e *Event) Raw(name string) []byte {
	for _, m := range e.members {
		if string(m.name(e.JSON)) == name {
			return m.raw(e.JSON)
		}
	}
	return nil
}

// Attribute returns the JSON value of the attribute with that name in CloudEvents 1.0,
// in either form: "time" is eventTime in the 0.1 envelope. It does not look into the
// extensions of the envelope.
func (e *Event) Attribute(name string) []byte {
	if !e.Legacy {
		return e.Raw(name)
	}
	for r, known := range attributeNames[modern] {
		if known != name || known == "" {
			continue
		}
		raw := e.Raw(attributeNames[legacy][r])
		if raw == nil && role(r) == id {
			raw = e.Raw("eventID")
		}
		return raw
	}
	return nil
}

// Data returns the JSON value of data, or else of data_base64, a string. It is nil
// if the event has neither.
func (e *Event) Data() (raw []byte, base64 bool) {
	if raw := e.Raw("data"); raw != nil {
		return raw, false
	}
	raw = e.Raw("data_base64")
	return raw, raw != nil
}

// Members returns all members in order: their names, decoded, and JSON values.
func (e *Event) Members() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, m := range e.members {
			if !yield(string(m.name(e.JSON)), m.raw(e.JSON)) {
				return
			}
		}
	}
}

// Extensions returns the extension attributes in order: their names, decoded, and
// JSON values. In the 0.1 envelope these may be of any type.
func (e *Event) Extensions() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if e.Legacy {
			s, _ := scanObject(e.Raw(attributeNames[legacy][extensions])) // only an object has members
			for _, m := range s.members {
				if !yield(string(unescape(nil, m.name(s.dst))), m.raw(s.dst)) {
					return
				}
			}
			return
		}
		for _, m := range e.members {
			name := m.name(e.JSON)
			if modern.role(name) == extension && !yield(string(name), m.raw(e.JSON)) {
				return
			}
		}
	}
}

// WriteContent writes what two events with the same source and id must share for the
// second to be a duplicate: the members that were given, without those two and the
// version. A quoted name and a value end by themselves, so nothing separates them.
// Errors of w are left to w.
func (e *Event) WriteContent(w io.Writer) {
	form := e.form()
	for _, m := range e.members {
		name := m.name(e.JSON)
		switch form.role(name) {
		case id, source, version:
			continue
		}
		if !slices.ContainsFunc(e.Filled, func(filled string) bool { return filled == string(name) }) {
			w.Write(e.JSON[m.at:m.end])
		}
	}
}
