package expression

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

// allowed reports whether a function is available: each depends on nothing but
// its arguments (X3).
func allowed(name string) bool {
	switch name {
	case "len", "abs", "ceil", "floor", "round", "int", "float", "string",
		"trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "splitAfter", "replace", "repeat", "join",
		"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "toJSON", "fromJSON", "toBase64", "fromBase64",
		"max", "min", "mean", "median", "bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr", "bitnot",
		"first", "last", "get", "take", "keys", "values", "toPairs", "fromPairs", "reverse", "uniq", "concat", "flatten", "sort":
		return true
	}
	return isLoop(name)
}

// builtin returns a node that calls a function without a predicate.
func (p *patcher) builtin(n *ast.BuiltinNode) ast.Node {
	if !allowed(n.Name) {
		hint := ""
		switch n.Name {
		case "now":
			hint = "the same event has to give the same result; time is the event's own"
		case "date", "duration", "timezone":
			hint = "time is a string; those with the same offset compare as the times do"
		}
		return p.refuse(n, hint, "%s cannot be used here", n.Name)
	}
	lenient := p.lenient
	return p.call(n, func(r *run, a []any) any {
		if i := slices.Index(a, nil); i >= 0 && n.Name != "toJSON" {
			return none(lenient, n.Name, n.Arguments[i])
		}
		return try(n.Name, a, func() (any, error) {
			r.charge(n.Name, a)
			return r.invoke(n.Name, a)
		})
	}, p.all(n.Arguments)...)
}

// invoke calls the function of the library, or does its work itself where the
// library would lose numbers, return Go's form of a value, or depend on the order
// of a map.
func (r *run) invoke(name string, a []any) (any, error) {
	text, isText := a[0].(string)
	switch name {
	case "string":
		if isText {
			return text, nil
		}
		return string(r.encode(a[0])), nil
	case "toJSON":
		return string(r.encode(a[0])), nil
	case "fromJSON":
		if !json.Valid([]byte(text)) {
			fail("fromJSON: the string is not JSON")
		}
		return decode([]byte(text)), nil
	case "get":
		v, _ := get(a[0], a[1])
		return v, nil
	case "abs":
		if i, ok := a[0].(int); ok && i < 0 {
			return compute("-", 0, i), nil
		}
	case "int":
		if f, ok := a[0].(float64); ok && !(math.Abs(f) < 1<<63) {
			fail("int: the number is not within the integers")
		}
	case "keys", "values", "toPairs":
		object := a[0].(map[string]any)
		list := make([]any, 0, len(object))
		for _, key := range keysOf(object) {
			list = append(list, map[string]any{"keys": key, "values": object[key], "toPairs": []any{key, object[key]}}[name])
		}
		return list, nil
	}
	f := builtin.Builtins[builtin.Index[name]]
	switch {
	case f.Fast != nil:
		return f.Fast(a[0]), nil
	case f.Safe != nil:
		v, _, err := f.Safe(a...)
		return v, err
	}
	return f.Func(a...)
}

// charge charges for the values that a function will read and make.
func (r *run) charge(name string, a []any) {
	size, other := 0, 0 // in bytes, of the first argument and of the others
	for i, v := range a {
		n := 0
		switch v := v.(type) {
		case string:
			n = len(v)
		case []any:
			n = 16 * len(v)
		case map[string]any:
			n = 200 * len(v)
		}
		if i == 0 {
			size = n
		} else {
			other += n
		}
	}
	text, _ := a[0].(string)
	list, _ := a[0].([]any)
	switch name {
	case "len", "first", "last", "get", "take", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix":
		r.read(len(text) + other)
		return
	case "trim":
		r.work(len(text) * other / 8)
	case "upper", "lower":
		size *= 3
	case "fromJSON":
		size *= 8
	case "repeat":
		times := runtime.ToInt(a[1])
		r.work(max(0, times)) // the library allows as many
		size = product(len(text), times)
	case "split", "splitAfter":
		size += 32 * strings.Count(text, a[1].(string))
	case "replace":
		size += product(strings.Count(text, a[1].(string))+1, len(a[2].(string)))
	case "join":
		for _, item := range list {
			size += len(item.(string))
		}
		size += product(len(list), other)
	case "max", "min", "mean", "median", "flatten", "fromPairs", "uniq", "sort": // look into lists within lists
		before := r.left
		r.walk(a, func(v any) {
			if name != "flatten" && name != "fromPairs" {
				usable(name, v)
			}
		})
		switch walked := before - r.left; name {
		case "uniq": // compares each with each
			r.work(product(walked, len(list)))
		case "sort":
			r.work(16 * walked)
		}
	}
	r.make(size)
	r.make(other)
}

// product returns a × b, or at most a number larger than any budget.
func product(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * max(b, 0)
}
