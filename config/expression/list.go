package expression

import "slices"

// ofList does what the functions on lists and objects do. What they make is
// counted as a list.
func (c *call) ofList() any {
	switch c.name {
	case "first":
		v, _ := c.get(&array{items: c.items(0)}, 0)
		return v
	case "last":
		v, _ := c.get(&array{items: c.items(0)}, -1)
		return v
	case "get":
		if len(c.args) != 2 {
			c.wrong(1, "a key")
		}
		v, _ := c.get(c.args[0], c.args[1])
		return v
	case "take":
		items := c.items(0)
		return c.list(items[:min(max(c.int(1), 0), len(items))])
	case "keys":
		var keys []any
		for _, key := range c.object(0).keys {
			keys = append(keys, key)
		}
		return c.list(keys)
	case "values":
		return c.list(c.object(0).values)
	case "toPairs":
		o := c.object(0)
		c.make(2 * valueBytes * len(o.keys))
		pairs := make([]any, len(o.keys))
		for i, key := range o.keys {
			pairs[i] = &array{items: []any{key, o.values[i]}}
		}
		return c.list(pairs)
	case "fromPairs":
		return c.fromPairs()
	case "reverse":
		reversed := slices.Clone(c.items(0))
		slices.Reverse(reversed)
		return c.list(reversed)
	case "uniq":
		return c.uniq()
	case "concat":
		var all []any
		for i := range c.args {
			items := c.items(i)
			c.make(valueBytes * len(items))
			all = append(all, items...)
		}
		return &array{items: all}
	case "flatten":
		return &array{items: c.flatten(nil, c.items(0))}
	}
	items, direction := c.items(0), any("asc")
	if len(c.args) > 1 {
		direction = c.args[1]
	}
	return c.sorted(c.name, items, items, direction)
}

func (c *call) fromPairs() any {
	items := c.items(0)
	c.make(4 * valueBytes * len(items))
	o := &object{}
	for _, item := range items {
		pair, ok := item.(*array)
		if !ok || len(pair.items) != 2 {
			fail("fromPairs: the list holds %s, not a pair", kind(item))
		}
		key, ok := pair.items[0].(string)
		if !ok {
			fail("fromPairs: a key is %s, not a string", kind(pair.items[0]))
		}
		o.set(key, pair.items[1])
	}
	return o
}

// uniq compares each with each, and counts that.
func (c *call) uniq() any {
	var kept []any
	for _, item := range c.items(0) {
		if !slices.ContainsFunc(kept, func(k any) bool { return c.equal(item, k) }) {
			kept = append(kept, item)
		}
	}
	return c.list(kept)
}

// flatten appends the items of lists within lists.
func (c *call) flatten(dst, items []any) []any {
	c.make(valueBytes * len(items))
	c.enter()
	for _, item := range items {
		if list, ok := item.(*array); ok {
			dst = c.flatten(dst, list.items)
		} else {
			dst = append(dst, item)
		}
	}
	c.depth--
	return dst
}
