package expression

import (
	"cmp"
	"time"

	"github.com/expr-lang/expr/ast"
)

// equal says whether two values are the same. Nil counts as false.
func (r *run) equal(a, b any) bool {
	r.step(1)
	r.enter()
	defer func() { r.depth-- }()
	switch x := a.(type) {
	case nil:
		return b == nil || b == false
	case bool:
		y, ok := b.(bool)
		return ok && x == y || b == nil && !x
	case string:
		y, ok := b.(string)
		if ok && len(x) == len(y) {
			r.look(len(x))
		}
		return ok && x == y
	case int:
		if y, ok := b.(int); ok {
			return x == y
		}
	case number:
		if y, ok := b.(number); ok && x == y {
			return true
		}
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case time.Duration:
		y, ok := b.(time.Duration)
		return ok && x == y
	case *array:
		y, ok := b.(*array)
		if !ok || len(x.items) != len(y.items) {
			return false
		}
		for i := range x.items {
			if !r.equal(x.items[i], y.items[i]) {
				return false
			}
		}
		return true
	case *object:
		y, ok := b.(*object)
		if !ok || len(x.keys) != len(y.keys) {
			return false
		}
		for i, key := range x.keys {
			r.look(len(key))
			if v, ok := y.get(key); !ok || !r.equal(x.values[i], v) {
				return false
			}
		}
		return true
	}
	x, ok := toFloat(a)
	y, fine := toFloat(b)
	return ok && fine && x == y
}

// compare says how two values stand to each other.
func (r *run) compare(n *ast.BinaryNode, a, b any) bool {
	if a == nil || b == nil {
		return false
	}
	order, ok := r.order(a, b)
	if !ok {
		fail("%s: %s and %s cannot be compared", name(n), kind(a), kind(b))
	}
	switch n.Operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// order is below, equal to or above 0 as a is of b, and false if they have none.
func (r *run) order(a, b any) (int, bool) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		r.look(min(len(x), len(y)))
		return cmp.Compare(x, y), ok
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), true
		}
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case time.Duration:
		y, ok := b.(time.Duration)
		return cmp.Compare(x, y), ok
	}
	x, ok := toFloat(a)
	y, fine := toFloat(b)
	return cmp.Compare(x, y), ok && fine
}
