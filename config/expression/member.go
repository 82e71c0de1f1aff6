package expression

import (
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// broken is the value of a chain behind a ?. that found nothing. The end of the
// chain makes nil of it.
type broken struct{}

func (l *lowering) member(n *ast.MemberNode) code {
	if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "$env" {
		key, ok := n.Property.(*ast.StringNode)
		if !ok {
			return l.refuse(base, "", `$env stands only as in $env["name"]`)
		}
		return func(r *run) any { return r.event.name(key.Value) }
	}
	of, key := l.lower(n.Node), l.lower(n.Property)
	return func(r *run) any {
		v := of(r)
		switch {
		case v == (broken{}):
			return v
		case v == nil && n.Optional:
			return broken{}
		case v == nil:
			return r.none(n.Node, "read "+name(n.Property))
		}
		k := key(r)
		if k == nil {
			return r.none(n.Property, "read from "+name(n.Node))
		}
		member, ok := r.get(v, k)
		if !ok && r.strict {
			if _, isObject := v.(*object); !isObject {
				fail("read %s: %s is %s, which does not have it", name(n.Property), name(n.Node), kind(v))
			}
		}
		return member
	}
}

// get returns what stands in v at key, and false if nothing does.
func (r *run) get(v, key any) (any, bool) {
	switch v := v.(type) {
	case *object:
		if key, ok := key.(string); ok {
			r.look(len(key))
			return v.get(key)
		}
	case *array:
		if i, ok := toInt(key); ok {
			if i < 0 {
				i += len(v.items)
			}
			if 0 <= i && i < len(v.items) {
				return v.items[i], true
			}
		}
	}
	return nil, false
}

func (l *lowering) slice(n *ast.SliceNode) code {
	of := l.lower(n.Node)
	from, to := constant(0), code(nil)
	if n.From != nil {
		from = l.lower(n.From)
	}
	if n.To != nil {
		to = l.lower(n.To)
	}
	return func(r *run) any {
		v := of(r)
		if v == nil || v == (broken{}) {
			return r.none(n.Node, "[:]")
		}
		size := 0
		switch v := v.(type) {
		case *array:
			size = len(v.items)
		case string:
			r.look(len(v))
			size = utf8.RuneCountInString(v)
		default:
			fail("[:]: %s is %s, neither a list nor a string", name(n.Node), kind(v))
		}
		begin, end := r.bound(from(r), size), size
		if to != nil {
			end = r.bound(to(r), size)
		}
		begin = min(begin, end)
		if list, ok := v.(*array); ok {
			return &array{items: list.items[begin:end:end]}
		}
		text, _ := v.(string)
		r.make(len(text))
		r.step(len(text)) // to find the places of its characters
		return string([]rune(text)[begin:end])
	}
}

// bound is a place in something of that size, counted from its end if it is
// below 0.
func (r *run) bound(v any, size int) int {
	i, ok := toInt(v)
	if !ok {
		fail("[:]: %s is no place", kind(v))
	}
	if i < 0 {
		i += size
	}
	return min(max(i, 0), size)
}

// call is a method of a date or a duration, which alone have some.
func (l *lowering) call(n *ast.CallNode) code {
	callee, ok := n.Callee.(*ast.MemberNode)
	if !ok {
		return l.refuse(n, "", "unknown function %s", name(n.Callee))
	}
	method, ok := callee.Property.(*ast.StringNode)
	if !ok {
		return l.refuse(n, "", "calls what is no function")
	}
	if _, isTime := reflect.TypeFor[time.Time]().MethodByName(method.Value); !isTime || method.Value == "Local" {
		if _, isDuration := reflect.TypeFor[time.Duration]().MethodByName(method.Value); !isDuration {
			return l.refuse(n, "dates and durations alone have functions of their own", "unknown function %s", method.Value)
		}
	}
	of, args := l.lower(callee.Node), l.all(n.Arguments)
	return func(r *run) any {
		v := of(r)
		switch v.(type) {
		case nil:
			if callee.Optional {
				return broken{}
			}
			return r.none(callee.Node, method.Value)
		case broken:
			return v
		case time.Time, time.Duration:
		default:
			fail("%s: %s is %s, which has no functions", method.Value, name(callee.Node), kind(v))
		}
		list := make([]any, len(args))
		for i, do := range args {
			list[i] = do(r)
		}
		r.make(1024) // none of them gives more, or costs more
		return invoke(v, method.Value, list)
	}
}

// invoke calls a method of a date or a duration.
func invoke(v any, method string, args []any) any {
	fn := reflect.ValueOf(v).MethodByName(method)
	if !fn.IsValid() {
		fail("%s: %s has no such function", method, kind(v))
	}
	t := fn.Type()
	if t.NumIn() != len(args) || t.NumOut() != 1 || t.IsVariadic() {
		fail("%s: takes %d values and gives one, or is not for events", method, t.NumIn())
	}
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		if arg == nil || !reflect.TypeOf(arg).AssignableTo(t.In(i)) {
			fail("%s: %s is not what it takes", method, kind(arg))
		}
		if text, ok := arg.(string); ok && len(text) > 100 {
			fail("%s: the layout is too long", method)
		}
		in[i] = reflect.ValueOf(arg)
	}
	out := fn.Call(in)[0]
	switch x := out.Interface().(type) {
	case time.Time, time.Duration:
		return x
	}
	switch {
	case out.CanInt():
		return int(out.Int())
	case out.CanFloat():
		return out.Float()
	case out.Kind() == reflect.Bool:
		return out.Bool()
	case out.Kind() == reflect.String:
		return out.String()
	}
	fail("%s: gives what is not for events", method)
	return nil
}
