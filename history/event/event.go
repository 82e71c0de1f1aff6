// Package event is one event as JSON: it reads what an app posts, holds it
// against the rules of CloudEvents, fills in what may be missing, and finds
// the attributes again in what was stored.
//
// What is given is kept byte for byte, white space between tokens apart:
// numbers, escapes, unknown extensions and the order of members stay as they
// are. There are two exceptions. An attribute that is null counts as absent
// and is dropped; data may be null. And the names of attributes are spelled
// without escapes. What CloudEvents does not allow is never mended but
// refused, with the attribute and the place.
//
// The listener decodes with a Decoder, once an event. The journal stores JSON
// and Filled, and whoever sends the event calls Parse on them.
package event

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
)

// OwnPrefix begins the types of sidehook's own events: nobody else may post one,
// and no glob matches one that does not begin so.
const OwnPrefix = "sidehook."

// Event is one event in the form it came in. It is not changed once made, so
// that copies may share its memory.
type Event struct {
	ID, Source, Type string   // decoded
	Legacy           bool     // the CloudEvents 0.1 envelope
	JSON             []byte   // compact, with what was filled in
	Filled           []string // the names of what was filled in, in order

	members []member // of JSON, in order
}

// Parse finds the attributes of a stored event again. The result shares
// stored, which a Decoder made: its rules are not checked anew, but bytes that
// cannot be an event are an error.
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

// event is the object read last.
func (s *scanner) event(f form, at *places, filled []string) Event {
	json := s.dst[s.base:len(s.dst):len(s.dst)]
	members := s.members
	for k, m := range members {
		members[k] = m.moved(-uint32(s.base))
	}
	text := func(r role) string {
		text, _ := Unquote(members[at[r]-1].raw(json))
		return text
	}
	return Event{ID: text(id), Source: text(source), Type: text(kind), Legacy: f == legacy, JSON: json, Filled: filled, members: members}
}

func (e *Event) form() form {
	if e.Legacy {
		return legacy
	}
	return modern
}

// Given is how many bytes of JSON it was given as, without what was filled in.
func (e *Event) Given() int {
	n := len(e.JSON)
	for _, name := range e.Filled {
		n -= len(`"":,`) + len(name) + len(e.Raw(name))
	}
	return n
}

// Raw is the JSON value of the member with that name, nil if there is none.
func (e *Event) Raw(name string) []byte {
	for _, m := range e.members {
		if string(m.name(e.JSON)) == name {
			return m.raw(e.JSON)
		}
	}
	return nil
}

// Attribute is the JSON value of what CloudEvents 1.0 calls by that name,
// whichever form the event has: "time" is eventTime in the 0.1 envelope. The
// envelope's extensions are not looked into.
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

// Data is the JSON value of data, or else of data_base64, a string. It is nil
// if the event has neither.
func (e *Event) Data() (raw []byte, base64 bool) {
	if raw := e.Raw("data"); raw != nil {
		return raw, false
	}
	raw = e.Raw("data_base64")
	return raw, raw != nil
}

// Members are all members in order: their names, decoded, and JSON values.
func (e *Event) Members() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, m := range e.members {
			if !yield(string(m.name(e.JSON)), m.raw(e.JSON)) {
				return
			}
		}
	}
}

// Extensions are the extension attributes in order: their names, decoded, and
// JSON values. In the 0.1 envelope these may be of any type.
func (e *Event) Extensions() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if e.Legacy {
			s, _ := scanObject(e.Raw(attributeNames[legacy][extensions])) // nothing but an object has members
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

// WriteContent writes what tells a repeat of the event from another event
// under the same source and id: the members that were given, without those
// two and the version. A name, quoted, and its value end by themselves, so
// that nothing need stand between them. Errors of w are left to w.
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
