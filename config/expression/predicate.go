package expression

import "github.com/expr-lang/expr/ast"

// builtin is a function of the language: one that takes a predicate, or one of
// function.go.
func (l *lowering) builtin(n *ast.BuiltinNode) code {
	last := len(n.Arguments) - 1
	if isLoop(n.Name) && last >= 0 {
		return l.loop(n)
	}
	do := function(n.Name)
	if do == nil || n.Name == "date" && last >= 2 {
		return l.refuse(n, refusedHint(n.Name), "%s is not for events", n.Name)
	}
	args := l.all(n.Arguments)
	return func(r *run) any {
		values := make([]any, len(args))
		for i, arg := range args {
			values[i] = arg(r)
			if values[i] == nil && !takesNil(n.Name) {
				return r.none(n.Arguments[i], n.Name)
			}
		}
		return do(&call{run: r, name: n.Name, args: values})
	}
}

// refusedHint says why a function is not for events.
func refusedHint(name string) string {
	switch name {
	case "now":
		return "the same event has to give the same result; time is the event's own"
	case "date", "timezone":
		return "the zones of a machine are not the event's; write an offset, such as +02:00"
	}
	return ""
}

func isLoop(name string) bool {
	switch name {
	case "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce":
		return true
	}
	return false
}

// loop is a function that goes through a list.
func (l *lowering) loop(n *ast.BuiltinNode) code {
	of := l.lower(n.Arguments[0])
	each, what := code(func(r *run) any { return r.item }), n.Arguments[0]
	if len(n.Arguments) > 1 {
		what = n.Arguments[1]
		body, ok := what.(*ast.PredicateNode)
		if !ok {
			return l.refuse(what, "", "%s takes a predicate", n.Name)
		}
		if l.predicate {
			return l.refuse(n, "name what it needs by let first, or leave it to the receiver", "a predicate stands within a predicate")
		}
		what = body.Node
		l.predicate = true
		each = l.lower(body.Node)
		l.predicate = false
	}
	var extra code
	if len(n.Arguments) > 2 {
		extra = l.lower(n.Arguments[2])
	}
	return func(r *run) any {
		v := of(r)
		if v == nil {
			return r.none(n.Arguments[0], n.Name)
		}
		list, ok := v.(*array)
		if !ok {
			fail("%s: %s is %s, not a list", n.Name, name(n.Arguments[0]), kind(v))
		}
		x := &loop{run: r, name: n.Name, items: list.items, each: each, what: what}
		if extra != nil {
			x.extra, x.hasExtra = extra(r), true
		}
		item, index, acc := r.item, r.index, r.acc
		result := x.result()
		r.item, r.index, r.acc = item, index, acc
		return result
	}
}
