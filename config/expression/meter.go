package expression

import "fmt"

// The bounds of one evaluation. A step is what takes some ten nanoseconds: a
// node of the expression, or a few bytes looked at.
const (
	maxSteps = 1_000_000
	maxRoom  = 4 << 20 // bytes of values made
)

// run is one evaluation.
type run struct {
	event  *Event
	strict bool // nil is not passed on, but a failure
	steps  int  // that may still be made
	room   int  // for values that may still be made
	depth  int  // of the values that are gone through
	vars   []any

	// Of the predicate under way. There is one at most (X1).
	item, acc any
	index     int
}

// failure is why an evaluation has no value. It unwinds as a panic, up to
// Program.run.
type failure string

func (f failure) Error() string { return string(f) }

func fail(format string, args ...any) {
	panic(failure(fmt.Sprintf(format, args...)))
}

// step counts n steps.
func (r *run) step(n int) {
	if r.steps -= n; r.steps < 0 {
		panic(failure("takes more work than an expression may"))
	}
}

// look counts the work of looking at so many bytes.
func (r *run) look(bytes int) { r.step(1 + bytes/8) }

// make counts the room of so many bytes, before they are made, and the work of
// making them.
func (r *run) make(bytes int) {
	if bytes < 0 || bytes > r.room {
		panic(failure("makes larger values than an expression may"))
	}
	r.room -= bytes
	r.look(bytes)
}

// maxDepth is how deep a value may nest that is gone through: twice as deep as
// an event may.
const maxDepth = 2000

// enter counts going into a value; what comes out again does depth--.
func (r *run) enter() {
	if r.depth++; r.depth > maxDepth {
		panic(failure("makes values that nest too deep"))
	}
}

// valueBytes is about what a value takes in a list.
const valueBytes = 16

// list makes a list, whose items are counted.
func (r *run) list(items []any) *array {
	r.make(valueBytes * len(items))
	return &array{items: items}
}
