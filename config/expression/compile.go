package expression

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// Error says what is wrong with an expression, and where.
type Error struct {
	Offset  int // in characters, from 0
	Message string
	Hint    string // what to write instead; may be ""
}

func (e *Error) Error() string {
	text := fmt.Sprintf("character %d: %s", e.Offset+1, e.Message)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Compiler compiles the expressions of one file. Equal ones become the same
// program. The zero Compiler works; it is for one goroutine.
type Compiler struct {
	config   *conf.Config
	compiled map[source]result
}

type source struct {
	text string
	bool bool // it must be a bool
}

type result struct {
	program *Program
	err     error
}

// Condition compiles what must be a bool. The error is of type *Error.
func (c *Compiler) Condition(text string) (*Program, error) { return c.get(source{text, true}) }

// Transform compiles what may be any value. The error is of type *Error.
func (c *Compiler) Transform(text string) (*Program, error) { return c.get(source{text, false}) }

func (c *Compiler) get(s source) (*Program, error) {
	if r, ok := c.compiled[s]; ok {
		return r.program, r.err
	}
	if c.config == nil {
		c.config, c.compiled = newConfig(), make(map[source]result)
	}
	var r result
	r.program, r.err = c.compile(s)
	c.compiled[s] = r
	return r.program, r.err
}

// newConfig is what the library has to know of the names. Any other name is an
// extension, of any type.
func newConfig() *conf.Config {
	config := conf.New(types.Map{
		"type": types.String, "source": types.String, "subject": types.String,
		"id": types.String, "time": types.String, "data": types.Any,
	})
	config.Strict = false
	config.Builtins = nil // an extension may have the name of a function
	config.MaxNodes = MaxNodes
	return config
}

func (c *Compiler) compile(s source) (p *Program, err error) {
	if len(s.text) > MaxSource {
		return nil, &Error{Message: fmt.Sprintf("has %d bytes, more than %d", len(s.text), MaxSource)}
	}
	if strings.TrimSpace(s.text) == "" {
		return nil, &Error{Message: "is empty", Hint: "write an expression, or remove the key"}
	}
	defer func() {
		// X4: the library may meet what it did not foresee.
		if fault := recover(); fault != nil {
			p, err = nil, &Error{Message: fmt.Sprintf("cannot be compiled: %.200v", fault)}
		}
	}()
	c.config.Expect, c.config.ExpectAny = reflect.Invalid, false
	if s.bool {
		c.config.Expect, c.config.ExpectAny = reflect.Bool, true
	}
	tree, err := parser.ParseWithConfig(s.text, c.config)
	if err != nil {
		return nil, explain(err)
	}
	// What is refused here says more than what the types would say of it.
	l := lowering{}
	root := l.lower(tree.Node)
	if l.err != nil {
		return nil, l.err
	}
	if _, err := checker.Check(tree, c.config); err != nil {
		return nil, explain(err)
	}
	return &Program{source: s.text, root: root, vars: l.slots}, nil
}

// explain makes an Error of one of the library's.
func explain(err error) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		message := err.Error()
		if got, ok := strings.CutPrefix(message, "expected bool, but got "); ok {
			message = "must be true or false, not " + strings.Replace(got, "unknown", "nil", 1)
		}
		return &Error{Message: message}
	}
	message := at.Message
	if strings.Contains(message, "exceeds maximum allowed nodes") {
		message = fmt.Sprintf("has more than %d parts", MaxNodes)
	}
	hint := ""
	if message == `unexpected token Operator("=")` {
		hint = "write == to compare"
	}
	return &Error{Offset: at.From, Message: strings.ReplaceAll(message, "token EOF", "end"), Hint: hint}
}
