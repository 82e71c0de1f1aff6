package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// truth says whether a value counts as true; what names it in a failure.
func (r *run) truth(v any, what any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	}
	fail("%s is %s, not true or false", name(what), kind(v))
	return false
}

// name is how a part of an expression is called in a failure.
func name(what any) string {
	var text string
	switch what := what.(type) {
	case string:
		text = what
	case *ast.StringNode:
		text = what.Value
	case ast.Node:
		text = what.String()
	}
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// none is what becomes of an operation on what is not there.
func (r *run) none(what ast.Node, operation string) any {
	if r.strict {
		fail("%s: %s is missing or null", operation, name(what))
	}
	return nil
}

func (l *lowering) unary(n *ast.UnaryNode) code {
	of := l.lower(n.Node)
	switch n.Operator {
	case "not", "!":
		return func(r *run) any { return !r.truth(of(r), n.Node) }
	}
	return func(r *run) any {
		v := of(r)
		switch {
		case v == nil:
			return r.none(n.Node, n.Operator)
		case n.Operator == "-":
			return r.calculate(n, "-", 0, v)
		}
		if _, ok := toFloat(v); !ok {
			fail("%s: %s is %s, not a number", n.Operator, name(n.Node), kind(v))
		}
		return v
	}
}

func (l *lowering) binary(n *ast.BinaryNode) code {
	left := l.lower(n.Left)
	if n.Operator == "matches" {
		return l.matches(n, left)
	}
	right := l.lower(n.Right)
	switch n.Operator {
	case "and", "&&":
		return func(r *run) any { return r.truth(left(r), n.Left) && r.truth(right(r), n.Right) }
	case "or", "||":
		return func(r *run) any { return r.truth(left(r), n.Left) || r.truth(right(r), n.Right) }
	case "??":
		return func(r *run) any {
			strict := r.strict
			r.strict = false
			v := left(r)
			if r.strict = strict; v != nil {
				return v
			}
			return right(r)
		}
	case "==":
		return func(r *run) any { return r.equal(left(r), right(r)) }
	case "!=":
		return func(r *run) any { return !r.equal(left(r), right(r)) }
	case "<", "<=", ">", ">=":
		return func(r *run) any { return r.compare(n, left(r), right(r)) }
	case "in":
		return func(r *run) any { return r.in(n, left(r), right(r)) }
	case "contains", "startsWith", "endsWith":
		return func(r *run) any { return r.search(n, left(r), right(r)) }
	}
	return func(r *run) any {
		a, b := left(r), right(r)
		switch {
		case a == nil:
			return r.none(n.Left, n.Operator)
		case b == nil:
			return r.none(n.Right, n.Operator)
		case n.Operator == "..":
			return r.span(n, a, b)
		}
		return r.calculate(n, n.Operator, a, b)
	}
}

func (l *lowering) matches(n *ast.BinaryNode, left code) code {
	pattern, cost := l.pattern(n.Right)
	return func(r *run) any {
		v := left(r)
		if v == nil {
			return false
		}
		text, ok := v.(string)
		if !ok {
			fail("matches: %s is %s, not a string", name(n.Left), kind(v))
		}
		r.step(1 + len(text)*cost/patternRate)
		return pattern.MatchString(text)
	}
}

// patternRate is how many instructions of a pattern are tried at a byte in a
// step, or sooner.
const patternRate = 4

func (r *run) search(n *ast.BinaryNode, a, b any) bool {
	if a == nil || b == nil {
		return false
	}
	text, ok := a.(string)
	if !ok {
		fail("%s: %s is %s, not a string", n.Operator, name(n.Left), kind(a))
	}
	part, ok := b.(string)
	if !ok {
		fail("%s: %s is %s, not a string", n.Operator, name(n.Right), kind(b))
	}
	switch n.Operator {
	case "contains":
		r.look(len(text) + len(part))
		return strings.Contains(text, part)
	case "startsWith":
		r.look(len(part))
		return strings.HasPrefix(text, part)
	}
	r.look(len(part))
	return strings.HasSuffix(text, part)
}

func (r *run) in(n ast.Node, v, where any) bool {
	switch where := where.(type) {
	case nil:
		return false
	case *array:
		for _, item := range where.items {
			if r.equal(v, item) {
				return true
			}
		}
		return false
	case *object:
		key, ok := v.(string)
		if !ok {
			return false
		}
		r.look(len(key))
		_, ok = where.get(key)
		return ok
	}
	fail("%s: %s is neither a list nor an object", name(n), kind(where))
	return false
}

// span is the list of the integers from a to b.
func (r *run) span(n ast.Node, a, b any) any {
	from, ok := toInt(a)
	to, fine := toInt(b)
	if !ok || !fine {
		fail("%s: from %s to %s is no range of integers", name(n), kind(a), kind(b))
	}
	if to < from {
		return &array{}
	}
	if uint(to)-uint(from) > maxRoom {
		r.make(maxRoom + 1)
	}
	items := make([]any, 0, min(to-from+1, maxRoom/valueBytes))
	r.make(valueBytes * (to - from + 1))
	for i := range to - from + 1 {
		items = append(items, from+i)
	}
	return &array{items: items}
}
