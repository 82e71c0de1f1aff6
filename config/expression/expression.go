// Package expression owns the two keys of a webhook that are written in
// expr-lang: the condition `when` and the body `transform`.
//
// The library parses an expression and checks its types; what it then means is
// evaluated here, because of promises that its own machine does not keep:
//
//	X1  No expression holds up the process. A source has at most MaxSource
//	    bytes and MaxNodes nodes, and no predicate stands within a predicate;
//	    an event has at most MaxEvent bytes; every step of an evaluation and
//	    every byte that it makes is counted against a bound (meter.go). The
//	    library's machine counts neither what a function on a string costs nor
//	    what a pattern does, and cannot be interrupted.
//	X2  What is copied whole stays exact: a number is the JSON number that it
//	    was, also one that no float64 holds, and an object or a list keeps its
//	    bytes (value.go). The library's machine knows int and float64 alone, and
//	    wraps around where an int ends.
//	X3  The same event gives the same result: there is no clock, no file and no
//	    chance in an expression, and objects have an order.
//	X4  Nothing panics out of here. A fault is the failure of that evaluation.
//
// The names are type, source, subject, id, time and data; any other is an
// extension of the event, and $env["name"] reads one whose name is a word of the
// language. What is missing, or null, is nil, and counts as false:
//
//   - where a bool is wanted (and, or, not, ? :, a predicate, the condition as
//     a whole), nil is false, and nil == false;
//   - <, <=, > and >= with nil, and in, contains, startsWith, endsWith and
//     matches, are false;
//   - in a condition all else that is done with nil gives nil: data.a.b,
//     data.a + 1, len(data.a), any(data.a, …). What a value does not have is
//     missing too: a member of a number, an element behind the end of a list;
//   - in a transform these fail instead, since a body of holes is worse than a
//     failure that is seen: a member there is nil if its object lacks it, and
//     ?. and ?? say that more may be missing.
//
// Integers within int64 are exact; arithmetic that leaves them is float64.
// Numbers that are neither compare as the nearest float64.
//
// Package config compiles, at load; the relay evaluates conditions when an event
// is accepted, and transforms when it is sent.
package expression

import (
	"errors"
	"fmt"
)

// The bounds of what is compiled and evaluated.
const (
	MaxSource = 16 << 10 // bytes of an expression
	MaxNodes  = 1000     // of its syntax tree
	MaxEvent  = 64 << 10 // bytes of an event's JSON
)

// Program is a compiled expression. It is immutable, and may be run from many
// goroutines at once.
type Program struct {
	source string
	root   code
	vars   int // how many variables it declares
	hidden bool
}

// Hidden returns the same program, of which nothing is shown: neither its text
// nor the parts that a failure would quote.
func (p *Program) Hidden() *Program {
	hidden := *p
	hidden.hidden = true
	return &hidden
}

// String returns the expression as it may be shown.
func (p *Program) String() string {
	if p.hidden {
		return "***"
	}
	return p.source
}

// Reveal returns the expression as it was written; "" for none.
func (p *Program) Reveal() string {
	if p == nil {
		return ""
	}
	return p.source
}

// Equal says whether two expressions are the same; nil is none.
func (p *Program) Equal(o *Program) bool {
	return p == o || p != nil && o != nil && p.source == o.source && p.hidden == o.hidden
}

// Holds evaluates a condition.
func (p *Program) Holds(e *Event) (holds bool, err error) {
	err = p.run(e, false, func(r *run, v any) { holds = r.truth(v, "its result") })
	return holds && err == nil, err
}

// Transform evaluates what makes a body, and returns it as JSON.
func (p *Program) Transform(e *Event) (body []byte, err error) {
	err = p.run(e, true, func(r *run, v any) { body = r.encode(nil, v) })
	if err != nil {
		return nil, err
	}
	return body, nil
}

// run evaluates the program and hands its value to finish, whose failures count
// as its own.
func (p *Program) run(e *Event, strict bool, finish func(*run, any)) (err error) {
	if e.size > MaxEvent {
		return fmt.Errorf("the event has %d bytes, and an expression takes at most %d", e.size, MaxEvent)
	}
	defer func() {
		switch f := recover().(type) {
		case nil:
			return
		case failure:
			err = f
		default: // X4
			err = fmt.Errorf("cannot be evaluated: %.200v", f)
		}
		if p.hidden {
			err = errors.New("it fails; why is not shown, since it came by ${…}")
		}
	}()
	r := run{event: e, strict: strict, steps: maxSteps, room: maxRoom, vars: make([]any, p.vars)}
	finish(&r, p.root(&r))
	return nil
}
