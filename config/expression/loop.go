package expression

import (
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// loop is one that is under way.
type loop struct {
	*run
	name     string
	items    []any
	each     code
	what     ast.Node
	extra    any
	hasExtra bool
}

func (x *loop) at(i int) any {
	x.item, x.index = x.items[i], i
	return x.each(x.run)
}

func (x *loop) holds(i int) bool { return x.truth(x.at(i), x.what) }

// first returns the place of the first item that holds as wanted, or -1.
func (x *loop) first(wanted bool) int {
	for i := range x.items {
		if x.holds(i) == wanted {
			return i
		}
	}
	return -1
}

// last returns the place of the last item that holds, or -1.
func (x *loop) last() int {
	for i := range slices.Backward(x.items) {
		if x.holds(i) {
			return i
		}
	}
	return -1
}

func (x *loop) result() any {
	switch x.name {
	case "all":
		return x.first(false) < 0
	case "none":
		return x.first(true) < 0
	case "any":
		return x.first(true) >= 0
	case "one":
		return x.count() == 1
	case "count":
		return x.count()
	case "find":
		return x.itemAt(x.first(true))
	case "findIndex":
		return found(x.first(true))
	case "findLast":
		return x.itemAt(x.last())
	case "findLastIndex":
		return found(x.last())
	case "filter":
		return x.filter()
	case "map":
		made := make([]any, len(x.items))
		for i := range x.items {
			made[i] = x.at(i)
		}
		return x.list(made)
	case "sum":
		return x.sum()
	case "groupBy":
		return x.group()
	case "sortBy":
		return x.sort()
	}
	return x.reduce()
}

// found is a place in a list, nil if it is none.
func found(i int) any {
	if i < 0 {
		return nil
	}
	return i
}

func (x *loop) itemAt(i int) any {
	if i < 0 {
		return nil
	}
	return x.items[i]
}

func (x *loop) count() (n int) {
	for i := range x.items {
		if x.holds(i) {
			n++
		}
	}
	return n
}

func (x *loop) filter() any {
	var kept []any
	for i := range x.items {
		if x.holds(i) {
			kept = append(kept, x.items[i])
		}
	}
	return x.list(kept)
}

func (x *loop) sum() any {
	var sum any = 0
	for i := range x.items {
		v := x.at(i)
		if _, ok := toFloat(v); !ok {
			fail("sum: %s is %s, not a number", name(x.what), kind(v))
		}
		sum = x.calculate("sum", "+", sum, v)
	}
	return sum
}

// group makes an object of lists. Its keys are strings, as in all of JSON.
func (x *loop) group() any {
	groups := &object{}
	for i := range x.items {
		var key string
		switch v := x.at(i).(type) {
		case string:
			key = v
		case int:
			key = strconv.Itoa(v)
		case bool:
			key = strconv.FormatBool(v)
		case number:
			key = string(v)
		default:
			fail("groupBy: %s is %s, which is no key", name(x.what), kind(v))
		}
		x.make(valueBytes)
		x.look(len(key))
		group, _ := groups.get(key)
		list, ok := group.(*array)
		if !ok {
			x.make(4*valueBytes + len(key))
			list = &array{}
			groups.set(key, list)
		}
		list.items = append(list.items, x.items[i])
	}
	return groups
}

func (x *loop) sort() any {
	keys := make([]any, len(x.items))
	for i := range x.items {
		keys[i] = x.at(i)
	}
	direction := any("asc")
	if x.hasExtra {
		direction = x.extra
	}
	return x.sorted(x.name, x.items, keys, direction)
}

// sorted puts items in the order of their keys.
func (r *run) sorted(name string, items, keys []any, direction any) any {
	if direction != "asc" && direction != "desc" {
		fail(`%s: the order is neither "asc" nor "desc"`, name)
	}
	places := make([]int, len(items))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int {
		r.step(1)
		order, ok := r.order(keys[i], keys[j])
		if !ok {
			fail("%s: %s and %s cannot be compared", name, kind(keys[i]), kind(keys[j]))
		}
		if direction == "desc" {
			return -order
		}
		return order
	})
	sorted := make([]any, len(items))
	for i, place := range places {
		sorted[i] = items[place]
	}
	return r.list(sorted)
}

func (x *loop) reduce() any {
	begin := 0
	if x.acc = x.extra; !x.hasExtra {
		if len(x.items) == 0 {
			fail("reduce: the list is empty, and there is no first value")
		}
		x.acc, begin = x.items[0], 1
	}
	for i := begin; i < len(x.items); i++ {
		x.acc = x.at(i)
	}
	return x.acc
}
