package event

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is what is wrong with one event. Its Problem is a clause about Field,
// or about the body where Field is empty.
type Error struct {
	Index    int    // the event's place in its request, from 0; -1 if it is not one of several
	Field    string // the attribute
	Problem  string
	Offset   int  // in the body, in bytes; -1 for what has no place, such as an attribute that is missing
	TooLarge bool // only the size is wrong
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Index >= 0 {
		fmt.Fprintf(&b, "event %d: ", e.Index)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%q: ", e.Field)
	}
	b.WriteString(e.Problem)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " (byte %d)", e.Offset)
	}
	return b.String()
}

// fail notes what is wrong at i and returns -1. At the end of a source that was cut,
// the reason for the cut is what is wrong.
func (s *scanner) fail(i int, problem string) int {
	if i >= len(s.src) && s.cut {
		problem = "not valid UTF-8"
	}
	s.err = &Error{Index: -1, Problem: problem, Offset: i}
	return -1
}

func (s *scanner) expected(i int, what string) int {
	seen := "the end"
	if i < len(s.src) {
		seen = quoteByte(s.src[i])
	}
	return s.fail(i, "expected "+what+", found "+seen)
}

func quoteByte(c byte) string {
	if c == '"' {
		return "a quote"
	}
	if c <= ' ' || c >= 0x7f {
		return fmt.Sprintf("0x%02x", c)
	}
	return fmt.Sprintf(`"%c"`, c)
}

// fieldName returns a member's name for an error, from the text between its quotes. A
// long one is cut.
func fieldName(raw []byte) string {
	const limit = 64
	name := string(unescape(nil, raw))
	if len(name) <= limit {
		return name
	}
	n := limit
	for n > 0 && !utf8.RuneStart(name[n]) { // a stored event may be anything
		n--
	}
	return name[:n] + "…"
}
