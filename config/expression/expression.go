// Package expression owns the two keys of a webhook that are written in
// expr-lang: the condition `when` and the body `transform`.
//
// The library parses an expression, checks its types and runs it on its own
// machine. Before the expression is compiled, its syntax tree is patched
// (patch.go): where nil, a number of the event or the cost of a step matters, a
// call of a function of this package replaces the operator. The package promises:
//
//	X1  No expression holds up the process. The machine cannot be interrupted, so
//	    everything that it does is bounded. A source has at most MaxSource bytes
//	    and MaxNodes nodes, and no predicate contains another; an event has at
//	    most MaxEvent bytes. Each evaluation has a budget of work (work.go): a
//	    function that reads or makes strings, lists or objects is charged before
//	    it runs, and a predicate after each pass, by its nodes. The machine's own
//	    memory budget bounds the other lists and objects that it makes.
//	X2  A number keeps its value. JSON integers within int64 are int, other
//	    numbers are float64. A number that neither holds exactly is copied as it
//	    was, and computing or comparing with it fails (value.go).
//	X3  The same event gives the same result. Only functions that depend on
//	    nothing but their arguments are allowed (builtin.go): none reads the time,
//	    a time zone, a random number or the order of a map.
//	X4  No panic escapes. A fault makes that evaluation fail.
//
// The names are type, source, subject, id, time and data; any other name is an
// extension of the event. $env["name"] reads an extension whose name is a word of
// the language. A name or member that is missing, or null, is nil:
//
//   - In a condition nil counts as false: nil == false is true, comparisons such
//     as < and contains are false, and every other operation on nil gives nil:
//     data.a.b, data.a + 1, len(data.a), any(data.a, …). A member of a number and
//     an element after the end of a list are missing, too.
//   - In a transform these fail, because a visible failure is better than a body
//     with gaps. A member that its object lacks is nil there, and ?. and ?? allow
//     more to be missing.
//
// Package config compiles expressions when it loads the file; the relay evaluates
// conditions when it accepts an event, and transforms when it sends one.
package expression

import (
	"errors"
	"fmt"
	"sync"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
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
	source   string
	code     *vm.Program
	machines *sync.Pool // of *vm.VM, of all the programs of a Compiler
	hidden   bool
}

// Hidden returns the same program with its text hidden, also in its failures.
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

// Equal reports whether two expressions are the same; nil is none.
func (p *Program) Equal(o *Program) bool {
	return p == o || p != nil && o != nil && p.source == o.source && p.hidden == o.hidden
}

// Holds evaluates a condition.
func (p *Program) Holds(e *Event) (bool, error) {
	v, _, err := p.run(e)
	holds, _ := v.(bool)
	return holds && err == nil, err
}

// Transform evaluates the program and returns its value as JSON.
func (p *Program) Transform(e *Event) (body []byte, err error) {
	v, r, err := p.run(e)
	if err != nil {
		return nil, err
	}
	defer p.recover(&err)
	return r.encode(v), nil
}

// run evaluates the program. It also returns the run, with the work that is left.
func (p *Program) run(e *Event) (v any, r *run, err error) {
	if e.size > MaxEvent {
		return nil, nil, fmt.Errorf("the event has %d bytes, and an expression takes at most %d", e.size, MaxEvent)
	}
	defer p.recover(&err)
	r = &run{event: e, left: maxWork}
	machine, _ := p.machines.Get().(*vm.VM)
	defer p.machines.Put(machine)
	v, fault := machine.Run(p.code, r)
	if fault != nil {
		panic(p.reason(fault))
	}
	return v, r, nil
}

// reason returns the failure for an error of the machine. Every expected one is a
// failure of this package already.
func (p *Program) reason(err error) failure {
	var f failure
	if errors.As(err, &f) {
		return f
	}
	var at *file.Error
	if !errors.As(err, &at) {
		return "cannot be evaluated"
	}
	switch at.Message {
	case "memory budget exceeded":
		return tooMuch
	case "reduce of empty array with no initial value":
		return "reduce: the list is empty, and there is no first value"
	}
	text := []rune(p.source)
	from := min(max(at.From, 0), len(text))
	return failure("cannot be evaluated: " + name(string(text[from:])))
}

// recover turns a panic into an error (X4).
func (p *Program) recover(err *error) {
	switch f := recover().(type) {
	case nil:
		return
	case failure:
		*err = f
	default:
		*err = fmt.Errorf("cannot be evaluated: %.200v", f)
	}
	if p.hidden {
		*err = errors.New("it fails; the reason is not shown because the expression came by ${…}")
	}
}
