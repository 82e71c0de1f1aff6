package expression

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Error is what is wrong with an expression, and where.
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

// Compiler compiles the expressions of one file. Equal expressions become the same
// program, and all programs share the machines that they run on. The zero Compiler
// is ready to use; it is for one goroutine.
type Compiler struct {
	config   *conf.Config
	machines *sync.Pool
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

// Condition compiles an expression whose value must be a bool. The error is of
// type *Error.
func (c *Compiler) Condition(text string) (*Program, error) { return c.get(source{text, true}) }

// Transform compiles an expression with any value. The error is of type *Error.
func (c *Compiler) Transform(text string) (*Program, error) { return c.get(source{text, false}) }

func (c *Compiler) get(s source) (*Program, error) {
	if r, ok := c.compiled[s]; ok {
		return r.program, r.err
	}
	if c.config == nil {
		c.config, c.compiled = newConfig(), make(map[source]result)
		c.machines = &sync.Pool{New: func() any { return &vm.VM{MemoryBudget: maxMemory} }}
	}
	var r result
	r.program, r.err = c.compile(s)
	c.compiled[s] = r
	return r.program, r.err
}

// newConfig tells the library the names and their types. Any other name is an
// extension of any type.
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

func (c *Compiler) compile(s source) (program *Program, err error) {
	if len(s.text) > MaxSource {
		return nil, &Error{Message: fmt.Sprintf("has %d bytes, more than %d", len(s.text), MaxSource)}
	}
	if strings.TrimSpace(s.text) == "" {
		return nil, &Error{Message: "is empty", Hint: "write an expression, or remove the key"}
	}
	defer func() {
		// X4: the library panics on some inputs.
		if fault := recover(); fault != nil {
			program, err = nil, &Error{Message: "cannot be compiled"}
		}
	}()
	c.config.Expect, c.config.ExpectAny = reflect.Invalid, false
	if s.bool {
		c.config.Expect, c.config.ExpectAny = reflect.Bool, true
	}
	tree, err := parser.ParseWithConfig(s.text, c.config)
	if err != nil {
		return nil, explain(err, s.text)
	}
	// The patch comes before the check of the types, since its errors are clearer.
	p := newPatcher(s.bool)
	root := p.patch(tree.Node)
	if s.bool && !isBool(tree.Node) {
		root = p.call(tree.Node, func(_ *run, a []any) any { return truth(a[0], "its result") }, root)
	}
	if p.err != nil {
		return nil, p.err
	}
	if _, err := checker.Check(tree, c.config); err != nil {
		return nil, explain(err, s.text)
	}
	whole := &ast.SequenceNode{Nodes: []ast.Node{root}}
	do := callDo()
	code, err := compiler.Compile(&parser.Tree{Node: whole, Source: tree.Source}, &conf.Config{
		Functions: conf.FunctionsTable{do.Name: do}, ShortCircuit: true,
	})
	if err != nil {
		return nil, &Error{Message: "cannot be compiled"}
	}
	whole.Nodes = nil // the machine keeps the tree but does not need it
	return &Program{source: s.text, code: code, machines: c.machines}, nil
}
