package event

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is why an event is refused. Problem is a clause about Field, or about the body if
// Field is empty.
type Error struct {
	Index    int    // the event's place in its request, from 0; -1 if it is not one of several
	Field    string // the attribute
	Problem  string
	Offset   int  // in the body, in bytes; -1 if the problem has no place, such as a missing attribute
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

// fail sets the error for the problem at i and returns -1. If src was cut, the problem at
// its end is the reason of the cut.
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
