package expression

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

// do is the function that the patch calls in place of an operator. It gets the
// values of the operands, and panics with a failure.
type do func(r *run, args []any) any

// patcher makes the tree to compile from the tree that was parsed, which it does not
// change, since failures quote it. It refuses what must not be evaluated.
type patcher struct {
	lenient   bool // an operation on nil gives nil
	predicate bool // within one
	lets      []string
	loops     int    // so far
	err       *Error // the first

	callee, run ast.Node // of all calls
}

func newPatcher(lenient bool) *patcher {
	return &patcher{lenient: lenient, callee: &ast.IdentifierNode{Value: callDo().Name}, run: &ast.IdentifierNode{Value: "$env"}}
}

// refuse records what is wrong with a node, and returns one that is never compiled.
func (p *patcher) refuse(n ast.Node, hint, message string, args ...any) ast.Node {
	if p.err == nil {
		p.err = &Error{Offset: n.Location().From, Message: fmt.Sprintf(message, args...), Hint: hint}
	}
	return &ast.NilNode{}
}

// call returns a node that calls do. A patched tree calls only the function of
// callDo, and its first arguments are the run, which is the environment of the
// machine, and do.
func (p *patcher) call(n ast.Node, do do, args ...ast.Node) ast.Node {
	call := &ast.CallNode{
		Callee:    p.callee,
		Arguments: append([]ast.Node{p.run, &ast.ConstantNode{Value: do}}, args...),
	}
	call.SetLocation(n.Location())
	return call
}

// callDo returns the function that calls a do. No expression can contain its name.
func callDo() *builtin.Function {
	return &builtin.Function{Name: "#do", Func: func(args ...any) (any, error) {
		r, _ := args[0].(*run)
		do, _ := args[1].(do)
		return do(r, args[2:]), nil
	}}
}

func (p *patcher) all(nodes []ast.Node) []ast.Node {
	list := make([]ast.Node, len(nodes))
	for i, n := range nodes {
		list[i] = p.patch(n)
	}
	return list
}

func (p *patcher) patch(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		return n
	case *ast.IdentifierNode:
		return p.identifier(n)
	case *ast.PointerNode:
		if !slices.Contains([]string{"", "index", "acc"}, n.Name) {
			return p.refuse(n, "", "unknown name %q", "#"+n.Name)
		}
		return n
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return p.call(n, func(_ *run, a []any) any { return !truth(a[0], n.Node) }, p.patch(n.Node))
		}
		return p.call(n, p.sign(n), p.patch(n.Node))
	case *ast.BinaryNode:
		return p.binary(n)
	case *ast.ConditionalNode:
		return &ast.ConditionalNode{Cond: p.truth(n.Cond), Exp1: p.patch(n.Exp1), Exp2: p.patch(n.Exp2)}
	case *ast.ChainNode:
		return p.call(n, endChain, p.patch(n.Node))
	case *ast.MemberNode:
		return p.member(n)
	case *ast.SliceNode:
		args := []ast.Node{p.patch(n.Node), &ast.IntegerNode{}, &ast.IntegerNode{Value: math.MaxInt}}
		if n.From != nil {
			args[1] = p.patch(n.From)
		}
		if n.To != nil {
			args[2] = p.patch(n.To)
		}
		return p.call(n, p.slice(n), args...)
	case *ast.CallNode:
		return p.refuse(n, "", "unknown function %s", name(n.Callee))
	case *ast.BuiltinNode:
		if isLoop(n.Name) && len(n.Arguments) > 0 {
			return p.loop(n)
		}
		return p.builtin(n)
	case *ast.VariableDeclaratorNode:
		value := p.patch(n.Value)
		p.lets = append(p.lets, n.Name)
		rest := p.patch(n.Expr)
		p.lets = p.lets[:len(p.lets)-1]
		return &ast.VariableDeclaratorNode{Name: n.Name, Value: value, Expr: rest}
	case *ast.SequenceNode:
		return &ast.SequenceNode{Nodes: p.all(n.Nodes)}
	case *ast.ArrayNode:
		return &ast.ArrayNode{Nodes: p.all(n.Nodes)}
	case *ast.MapNode:
		return p.object(n)
	}
	return p.refuse(n, "", "this part of the language is not available here")
}

// truth returns a node whose value is a bool, with nil as false.
func (p *patcher) truth(n ast.Node) ast.Node {
	value := p.patch(n)
	if !isBool(n) {
		value = p.call(n, func(_ *run, a []any) any { return truth(a[0], n) }, value)
	}
	value.SetType(reflect.TypeFor[bool]())
	return value
}

// isBool reports whether the value of a node is always a bool.
func isBool(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BoolNode:
		return true
	case *ast.UnaryNode:
		return n.Operator == "not" || n.Operator == "!"
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||", "==", "!=", "<", "<=", ">", ">=", "in", "matches", "contains", "startsWith", "endsWith":
			return true
		}
	}
	return false
}

func (p *patcher) identifier(n *ast.IdentifierNode) ast.Node {
	if slices.Contains(p.lets, n.Value) {
		return &ast.IdentifierNode{Value: n.Value}
	}
	if n.Value == "$env" {
		return p.refuse(n, "", `$env can only be used as in $env["name"]`)
	}
	if near := slip(n.Value); near != "" && !isFunction(n.Value) {
		return p.refuse(n, fmt.Sprintf("did you mean %q? An extension of that name is $env[%q]", near, n.Value), "unknown name %q", n.Value)
	}
	if hint, ok := otherName(n.Value); ok {
		return p.refuse(n, hint, "unknown name %q", n.Value)
	}
	return p.named(n, n.Value)
}

func isFunction(name string) bool {
	_, ok := builtin.Index[name]
	return ok
}

// named returns a node that reads a name of the event.
func (p *patcher) named(n ast.Node, name string) ast.Node {
	return p.call(n, func(r *run, _ []any) any { return r.event.name(name) })
}

func (p *patcher) member(n *ast.MemberNode) ast.Node {
	if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "$env" {
		if key, ok := n.Property.(*ast.StringNode); ok {
			return p.named(n, key.Value)
		}
	}
	return p.call(n, p.read(n), p.patch(n.Node), p.patch(n.Property))
}

func (p *patcher) binary(n *ast.BinaryNode) ast.Node {
	switch n.Operator {
	case "and", "&&", "or", "||":
		b := &ast.BinaryNode{Operator: n.Operator, Left: p.truth(n.Left), Right: p.truth(n.Right)}
		b.SetLocation(n.Location())
		return b
	case "??":
		lenient := p.lenient
		p.lenient = true
		left := p.patch(n.Left)
		p.lenient = lenient
		return &ast.BinaryNode{Operator: "??", Left: left, Right: p.patch(n.Right)}
	case "matches":
		pattern, cost := p.pattern(n.Right)
		return p.call(n, p.matches(n, pattern, cost), p.patch(n.Left))
	}
	return p.call(n, p.operator(n), p.patch(n.Left), p.patch(n.Right))
}

// object returns a node that makes an object whose keys are all strings.
func (p *patcher) object(n *ast.MapNode) ast.Node {
	object := &ast.MapNode{}
	for _, pair := range n.Pairs {
		pair, ok := pair.(*ast.PairNode)
		if !ok {
			return p.refuse(n, "", "this part of the language is not available here")
		}
		key := p.patch(pair.Key)
		if _, ok := pair.Key.(*ast.StringNode); !ok {
			key = p.call(pair.Key, func(r *run, a []any) any {
				key, ok := a[0].(string)
				if !ok {
					fail("a key of an object is %s, not a string", kind(a[0]))
				}
				r.read(len(key))
				return key
			}, key)
		}
		object.Pairs = append(object.Pairs, &ast.PairNode{Key: key, Value: p.patch(pair.Value)})
	}
	return object
}

// maxPattern bounds what a pattern compiles to.
const maxPattern = 1000

// pattern compiles the right side of matches and returns its number of
// instructions. It must be a constant: a pattern from the event would be compiled
// at each evaluation, at an unbounded cost.
func (p *patcher) pattern(n ast.Node) (pattern *regexp.Regexp, cost int) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		p.refuse(n, "write it as a string here", "the pattern of matches is not a constant")
		return nil, 0
	}
	tree, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		p.refuse(n, "", "%s", explainPattern(err))
		return nil, 0
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxPattern {
		p.refuse(n, "use smaller repetitions", "the pattern is too large")
		return nil, 0
	}
	if pattern, err = regexp.Compile(text.Value); err != nil {
		p.refuse(n, "", "%s", explainPattern(err))
	}
	return pattern, len(program.Inst)
}

// ownNames are the names that every event has.
func ownNames() []string { return []string{"type", "source", "subject", "id", "time", "data"} }

// otherName returns what to write for a name that some form of an event has but
// expressions do not.
func otherName(name string) (hint string, ok bool) {
	switch name {
	case "eventType":
		return `write type`, true
	case "eventID", "eventId":
		return `write id`, true
	case "eventTime":
		return `write time`, true
	case "data_base64":
		return `write data`, true
	case "specversion", "datacontenttype", "dataschema",
		"cloudEventsVersion", "contentType", "schemaURL", "extensions", "eventTypeVersion":
		return "the names are type, source, subject, id, time, data and the extensions", true
	}
	return "", false
}
