package expression

import (
	"math"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// truth reports whether a value counts as true. A failure names it as what.
func truth(v, what any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	}
	fail("%s is %s, not true or false", name(what), kind(v))
	return false
}

// none returns the result of an operation on nil, or fails.
func none(lenient bool, operation, what any) any {
	if !lenient {
		fail("%s: %s is missing or null", name(operation), name(what))
	}
	return nil
}

// broken is the value of a chain after a ?. that found nothing; at the end of the
// chain it becomes nil.
type broken struct{}

func endChain(_ *run, a []any) any {
	if a[0] == (broken{}) {
		return nil
	}
	return a[0]
}

// read reads a member of an object or an item of a list.
func (p *patcher) read(n *ast.MemberNode) do {
	lenient := p.lenient
	return func(r *run, a []any) any {
		switch {
		case a[0] == broken{}, a[0] == nil && n.Optional:
			return broken{}
		case a[0] == nil && lenient, a[1] == nil && lenient:
			return nil
		case a[0] == nil:
			fail("read %s: %s is missing or null", name(n.Property), name(n.Node))
		case a[1] == nil:
			fail("read from %s: %s is missing or null", name(n.Node), name(n.Property))
		}
		if key, ok := a[1].(string); ok {
			r.read(len(key))
		}
		v, ok := get(a[0], a[1])
		if _, isObject := a[0].(map[string]any); !ok && !isObject && !lenient {
			fail("read %s: %s is %s, which does not have it", name(n.Property), name(n.Node), kind(a[0]))
		}
		return v
	}
}

// get returns the member or item of v at key, and whether there is one.
func get(v, key any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		key, isText := key.(string)
		member, ok := v[key]
		return member, ok && isText
	case []any:
		i, ok := key.(int)
		if f, isFloat := key.(float64); isFloat && math.Abs(f) <= MaxEvent {
			i, ok = int(f), true
		}
		if i < 0 {
			i += len(v)
		}
		if ok && 0 <= i && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

// slice returns a part of a list, or of a string by its characters.
func (p *patcher) slice(n *ast.SliceNode) do {
	lenient := p.lenient
	return func(r *run, a []any) any {
		v := a[0]
		if v == nil {
			return none(lenient, n, n.Node)
		}
		text, isText := v.(string)
		if isText {
			r.make(4 * len(text))
			v = []rune(text)
		}
		cut := try(n, a, func() (any, error) { return runtime.Slice(v, a[1], a[2]), nil })
		if isText {
			return string(cut.([]rune))
		}
		return cut
	}
}

func (p *patcher) sign(n *ast.UnaryNode) do {
	lenient := p.lenient
	return func(_ *run, a []any) any {
		if a[0] == nil {
			return none(lenient, n, n.Node)
		}
		return try(n, a, func() (any, error) {
			if i, ok := a[0].(int); ok && n.Operator == "-" {
				return compute("-", 0, i), nil
			} else if n.Operator == "-" {
				return runtime.Negate(a[0]), nil
			}
			return compute("+", 0, a[0]), nil
		})
	}
}

// operator evaluates an operator with two operands.
func (p *patcher) operator(n *ast.BinaryNode) do {
	lenient := p.lenient
	return func(r *run, a []any) any {
		if a[0] == nil || a[1] == nil {
			same := a[0] == nil && a[1] == nil || a[0] == false || a[1] == false
			switch n.Operator {
			case "==":
				return same
			case "!=":
				return !same
			case "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith":
				return false
			}
			if a[0] == nil {
				return none(lenient, n.Operator, n.Left)
			}
			return none(lenient, n.Operator, n.Right)
		}
		r.chargeOperator(n, a[0], a[1])
		return try(n, a, func() (any, error) { return compute(n.Operator, a[0], a[1]), nil })
	}
}

// chargeOperator charges for what an operator reads and makes. It fails on a number
// that is not exact.
func (r *run) chargeOperator(n *ast.BinaryNode, a, b any) {
	check := func(v any) { usable(n, v) }
	check(a)
	check(b)
	x, _ := a.(string)
	y, _ := b.(string)
	switch n.Operator {
	case "+":
		r.make(len(x) + len(y))
	case "..":
		if from, to := runtime.ToInt(a), runtime.ToInt(b); from <= to {
			r.makeList(int(min(uint(to)-uint(from), maxWork)) + 1)
		}
	case "in":
		r.read(len(x))
		if list, ok := b.([]any); ok {
			r.walk(a, check)
			r.walk(list, check)
		}
	case "==", "!=":
		if kind(a) == kind(b) && kind(a) != "a number" {
			r.walk(a, check)
			r.walk(b, check)
		}
	default:
		r.read(len(x) + len(y))
	}
}

// usable fails on a number that is not exact (X2).
func usable(what, v any) {
	if n, ok := v.(number); ok {
		fail("%s: %s is too large or too precise a number to compute or compare with", name(what), name(n.text))
	}
}

// compute evaluates an operator with two values; it panics if they do not fit.
func compute(operator string, a, b any) any {
	switch operator {
	case "==":
		return runtime.Equal(a, b)
	case "!=":
		return !runtime.Equal(a, b)
	case "<":
		return runtime.Less(a, b)
	case "<=":
		return runtime.LessOrEqual(a, b)
	case ">":
		return runtime.More(a, b)
	case ">=":
		return runtime.MoreOrEqual(a, b)
	case "in":
		if object, ok := b.(map[string]any); ok {
			_, ok = get(object, a)
			return ok
		}
		return runtime.In(a, b)
	case "contains":
		return strings.Contains(a.(string), b.(string))
	case "startsWith":
		return strings.HasPrefix(a.(string), b.(string))
	case "endsWith":
		return strings.HasSuffix(a.(string), b.(string))
	case "/":
		return runtime.Divide(a, b)
	case "%":
		return runtime.Modulo(a, b)
	case "**", "^":
		return runtime.Exponent(a, b)
	case "..":
		return runtime.MakeRange(runtime.ToInt(a), runtime.ToInt(b))
	}
	i, ok := a.(int)
	j, fine := b.(int)
	if !ok || !fine {
		return arithmetic(operator, a, b)
	}
	// An integer beyond int64 is wrong by a multiple of 1<<64.
	whole, _ := arithmetic(operator, i, j).(int)
	about, _ := arithmetic(operator, float64(i), float64(j)).(float64)
	if math.Abs(float64(whole)-about) > 1<<60 {
		return about
	}
	return whole
}

func arithmetic(operator string, a, b any) any {
	switch operator {
	case "+":
		return runtime.Add(a, b)
	case "-":
		return runtime.Subtract(a, b)
	}
	return runtime.Multiply(a, b)
}

// patternRate is how many instructions of a pattern, at one byte, cost a unit of
// work.
const patternRate = 4

func (p *patcher) matches(n *ast.BinaryNode, pattern *regexp.Regexp, cost int) do {
	return func(r *run, a []any) any {
		if a[0] == nil {
			return false
		}
		text, ok := a[0].(string)
		if !ok {
			fail("matches: %s is %s, not a string", name(n.Left), kind(a[0]))
		}
		r.work(1 + len(text)*cost/patternRate)
		return pattern.MatchString(text)
	}
}
