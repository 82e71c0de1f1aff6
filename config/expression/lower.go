package expression

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// code evaluates a part of an expression.
type code func(*run) any

// lowering makes code of a syntax tree, and refuses what is not to be evaluated.
type lowering struct {
	err       *Error // the first
	predicate bool   // within one
	names     []variable
	slots     int
}

type variable struct {
	name string
	slot int
}

// refuse notes what is wrong with a node, and returns what is never run.
func (l *lowering) refuse(n ast.Node, hint, message string, args ...any) code {
	if l.err == nil {
		l.err = &Error{Offset: n.Location().From, Message: fmt.Sprintf(message, args...), Hint: hint}
	}
	return func(*run) any { return nil }
}

// lower makes code of a node, which counts as a step.
func (l *lowering) lower(n ast.Node) code {
	do := l.node(n)
	return func(r *run) any {
		r.step(1)
		return do(r)
	}
}

func (l *lowering) all(nodes []ast.Node) []code {
	list := make([]code, len(nodes))
	for i, n := range nodes {
		list[i] = l.lower(n)
	}
	return list
}

func constant(v any) code { return func(*run) any { return v } }

func (l *lowering) node(n ast.Node) code {
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(nil)
	case *ast.IntegerNode:
		return constant(n.Value)
	case *ast.FloatNode:
		return constant(n.Value)
	case *ast.BoolNode:
		return constant(n.Value)
	case *ast.StringNode:
		return constant(n.Value)
	case *ast.IdentifierNode:
		return l.identifier(n)
	case *ast.PointerNode:
		return l.pointer(n)
	case *ast.UnaryNode:
		return l.unary(n)
	case *ast.BinaryNode:
		return l.binary(n)
	case *ast.ConditionalNode:
		cond, yes, no, what := l.lower(n.Cond), l.lower(n.Exp1), l.lower(n.Exp2), n.Cond
		return func(r *run) any {
			if r.truth(cond(r), what) {
				return yes(r)
			}
			return no(r)
		}
	case *ast.ChainNode:
		chain := l.lower(n.Node)
		return func(r *run) any {
			if v := chain(r); v != (broken{}) {
				return v
			}
			return nil
		}
	case *ast.MemberNode:
		return l.member(n)
	case *ast.SliceNode:
		return l.slice(n)
	case *ast.CallNode:
		return l.call(n)
	case *ast.BuiltinNode:
		return l.builtin(n)
	case *ast.VariableDeclaratorNode:
		return l.declare(n)
	case *ast.SequenceNode:
		list := l.all(n.Nodes)
		return func(r *run) (v any) {
			for _, do := range list {
				v = do(r)
			}
			return v
		}
	case *ast.ArrayNode:
		list := l.all(n.Nodes)
		return func(r *run) any {
			items := make([]any, len(list))
			for i, do := range list {
				items[i] = do(r)
			}
			return r.list(items)
		}
	case *ast.MapNode:
		return l.object(n)
	}
	return l.refuse(n, "", "is a part of the language that is not for events")
}

// ownNames are the names of an event that are known beforehand.
func ownNames() []string { return []string{"type", "source", "subject", "id", "time", "data"} }

// otherName returns what to write for a name that an event has in one of its
// forms, and that is not for expressions.
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

func (l *lowering) identifier(n *ast.IdentifierNode) code {
	for _, v := range slices.Backward(l.names) {
		if v.name == n.Value {
			return func(r *run) any { return r.vars[v.slot] }
		}
	}
	if n.Value == "$env" {
		return l.refuse(n, "", `$env stands only as in $env["name"]`)
	}
	if near := slip(n.Value); near != "" && function(n.Value) == nil {
		return l.refuse(n, fmt.Sprintf("did you mean %q? An extension of that name is $env[%q]", near, n.Value), "unknown name %q", n.Value)
	}
	if hint, ok := otherName(n.Value); ok {
		return l.refuse(n, hint, "unknown name %q", n.Value)
	}
	return func(r *run) any { return r.event.name(n.Value) }
}

func (l *lowering) pointer(n *ast.PointerNode) code {
	switch n.Name {
	case "":
		return func(r *run) any { return r.item }
	case "index":
		return func(r *run) any { return r.index }
	case "acc":
		return func(r *run) any { return r.acc }
	}
	return l.refuse(n, "", "unknown name %q", "#"+n.Name)
}

func (l *lowering) declare(n *ast.VariableDeclaratorNode) code {
	value := l.lower(n.Value)
	slot := l.slots
	l.slots++
	l.names = append(l.names, variable{n.Name, slot})
	rest := l.lower(n.Expr)
	l.names = l.names[:len(l.names)-1]
	return func(r *run) any {
		r.vars[slot] = value(r)
		return rest(r)
	}
}

func (l *lowering) object(n *ast.MapNode) code {
	type pair struct{ key, value code }
	pairs := make([]pair, len(n.Pairs))
	for i, p := range n.Pairs {
		if p, ok := p.(*ast.PairNode); ok {
			pairs[i] = pair{l.lower(p.Key), l.lower(p.Value)}
		}
	}
	return func(r *run) any {
		r.make(2 * valueBytes * len(pairs))
		o := &object{}
		for _, p := range pairs {
			key := p.key(r)
			text, ok := key.(string)
			if !ok {
				fail("a key of an object is %s, not a string", kind(key))
			}
			o.set(text, p.value(r))
		}
		return o
	}
}

// maxPattern bounds what a pattern compiles to.
const maxPattern = 1000

// pattern compiles the right side of matches, which has to stand there: one that
// comes with the event would be compiled at each evaluation, at a cost that
// nobody can foresee.
func (l *lowering) pattern(n ast.Node) (pattern *regexp.Regexp, cost int) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		l.refuse(n, `write it as a string, such as "^a+$"`, "the pattern of matches is not a constant")
		return nil, 0
	}
	parsed, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		l.refuse(n, "", "%v", err)
		return nil, 0
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		l.refuse(n, "", "%v", err)
		return nil, 0
	}
	if len(prog.Inst) > maxPattern {
		l.refuse(n, "use smaller repetitions", "the pattern is too large")
		return nil, 0
	}
	pattern, err = regexp.Compile(text.Value)
	if err != nil {
		l.refuse(n, "", "%v", err)
		return nil, 0
	}
	return pattern, len(prog.Inst)
}
