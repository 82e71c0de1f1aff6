package route

import "slices"

// sharers counts the rules that accept each value of each attribute.
func sharers(rules []Rule) map[value]int {
	shared := map[value]int{}
	for _, rule := range rules {
		for _, a := range rule.Match {
			for _, v := range a.Values {
				shared[value{a.Name, v}]++
			}
		}
	}
	return shared
}

// keyOf returns the attribute of a rule whose values are shared by the fewest rules: an
// event that has such a value is compared with all of them.
func keyOf(rule Rule, shared map[value]int) Attribute {
	var best Attribute
	least := 0
	for i, a := range rule.Match {
		n := 0
		for _, v := range a.Values {
			n = max(n, shared[value{a.Name, v}])
		}
		if i == 0 || n < least {
			best, least = a, n
		}
	}
	return best
}

// rootsOf returns the roots of the values of a key, and adds those that are new.
func (x *Index) rootsOf(key Attribute) []int32 {
	if x.keys == nil {
		x.keys = map[value]int32{}
	}
	var roots []int32
	for _, v := range key.Values {
		root, ok := x.keys[value{key.Name, v}]
		if !ok {
			root = x.tree.root()
			x.keys[value{key.Name, v}] = root
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// byKeys returns the globs of the rules with attributes that match an event.
func (x *Index) byKeys(typ string, has Attributes) []leaf {
	var room [8]value
	found, event := x.candidates(typ, has, room[:0])
	return slices.DeleteFunc(found, func(l leaf) bool { return !holds(x.rules[l.rule].Match, event) })
}

// candidates returns the globs that match typ, of the rules whose key matches. It
// appends to event those attributes of the event that some rule names.
func (x *Index) candidates(typ string, has Attributes, event []value) ([]leaf, []value) {
	var found []leaf
	for name, v := range has {
		if !x.names[name] {
			continue
		}
		a := value{name, v}
		event = append(event, a)
		if root, ok := x.keys[a]; ok {
			found = x.tree.match(found, root, typ)
		}
	}
	return found, event
}

// holds reports whether an event has all attributes of a rule.
func holds(match []Attribute, event []value) bool {
	for _, a := range match {
		if !slices.ContainsFunc(event, func(v value) bool { return v.name == a.Name && slices.Contains(a.Values, v.value) }) {
			return false
		}
	}
	return true
}
