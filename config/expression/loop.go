package expression

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// isLoop reports whether a function takes a predicate.
func isLoop(name string) bool {
	switch name {
	case "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce":
		return true
	}
	return false
}

// loop returns a node that calls a function with a predicate. The list is evaluated
// once, into a variable, because the result is nil if the list is.
func (p *patcher) loop(n *ast.BuiltinNode) ast.Node {
	list := p.call(n, p.list(n), p.patch(n.Arguments[0]))
	p.loops++
	items := &ast.IdentifierNode{Value: "#" + strconv.Itoa(p.loops)}
	body := ast.Node(&ast.PointerNode{})
	if len(n.Arguments) > 1 {
		predicate, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return p.refuse(n.Arguments[1], "", "%s takes a predicate", n.Name)
		}
		if p.predicate {
			return p.refuse(n, "assign its value with let first, or leave it to the receiver", "a predicate cannot contain another predicate")
		}
		body = predicate.Node
	}
	if n.Name == "sum" {
		sum := &ast.BinaryNode{Operator: "+", Left: &ast.PointerNode{Name: "acc"}, Right: body}
		sum.SetLocation(n.Location())
		body = sum
	}
	within := p.predicate
	p.predicate = true
	each := &ast.PredicateNode{Node: p.call(body, p.each(n.Name, body), p.patch(body))}
	p.predicate = within

	args := append([]ast.Node{items, each}, p.all(n.Arguments[min(2, len(n.Arguments)):])...)
	loop := &ast.BuiltinNode{Name: n.Name, Arguments: args}
	loop.SetLocation(n.Location())
	finish := func(_ *run, a []any) any { return plain(a[0]) }
	switch n.Name {
	case "sum":
		loop.Name, loop.Arguments = "reduce", append(args, &ast.IntegerNode{})
	case "findLast", "findLastIndex":
		// The functions of the library (1.17.8) leave values on the stack of the
		// machine below the result, and the operator around them uses those.
		loop.Name, finish = "filter", last
		if n.Name == "findLastIndex" {
			loop.Map = &ast.PointerNode{Name: "index"}
		}
	}
	return &ast.VariableDeclaratorNode{Name: items.Value, Value: list, Expr: &ast.ConditionalNode{
		Cond: p.call(n, func(_ *run, a []any) any { return a[0] == nil }, items),
		Exp1: &ast.NilNode{},
		Exp2: p.call(n, finish, loop),
	}}
}

// last returns the last item of a list; nil if it has none.
func last(_ *run, a []any) any {
	v, _ := get(a[0], -1)
	return v
}

// list checks the list of a loop.
func (p *patcher) list(n *ast.BuiltinNode) do {
	what := n.Arguments[0]
	lenient := p.lenient
	return func(_ *run, a []any) any {
		switch list := a[0].(type) {
		case nil:
			return none(lenient, n.Name, what)
		case []any:
			return list
		}
		fail("%s: %s is %s, not a list", n.Name, name(what), kind(a[0]))
		return nil
	}
}

// each charges for a pass of a predicate, and checks its result.
func (p *patcher) each(loop string, body ast.Node) do {
	cost := 4 + 4*weigh(body)
	return func(r *run, a []any) any {
		r.work(cost)
		switch v := a[0]; loop {
		case "map", "sum", "reduce":
			return v
		case "groupBy", "sortBy":
			switch v := v.(type) {
			case string:
				r.make(4 * len(v))
				return v
			case int, bool, float64:
				if loop == "sortBy" {
					return v
				}
				return string(r.encode(v))
			}
			fail("%s: %s is %s, which cannot be a key", loop, name(body), kind(v))
		}
		return truth(a[0], body)
	}
}

// weigh returns the cost of a pass of a predicate: its nodes, where those that make
// lists and objects count more.
func weigh(n ast.Node) int {
	var w weight
	ast.Walk(&n, &w)
	return int(w)
}

type weight int

func (w *weight) Visit(n *ast.Node) {
	switch (*n).(type) {
	case *ast.MapNode:
		*w += 20
	case *ast.ArrayNode:
		*w += 4
	default:
		*w++
	}
}
