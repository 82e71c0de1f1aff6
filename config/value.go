package config

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// value is a node of the file and how one comes to it.
type value struct {
	node *yaml.Node // an alias is followed
	name *yaml.Node // of its key; nil in a list and at the top
	up   *value     // nil at the top
	at   int        // its place in a list
	// title is what a reader knows an item of a list by: a webhook's name; "" if
	// it has none.
	title string
}

// path returns where the value stands, such as webhooks[1] (crm).headers.X-Team.
func (v *value) path() string {
	switch {
	case v.up == nil:
		return ""
	case v.name == nil && v.title != "":
		return v.up.path() + "[" + strconv.Itoa(v.at) + "] (" + v.title + ")"
	case v.name == nil:
		return v.up.path() + "[" + strconv.Itoa(v.at) + "]"
	}
	outer, key := v.up.path(), v.name.Value
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r > 0x7f || r != '_' && r != '-' && !alphanumeric(byte(r)) }) {
		return outer + "[" + strconv.Quote(key) + "]"
	}
	if outer == "" {
		return key
	}
	return outer + "." + key
}

// section returns the key at the top of the file that the value stands under.
func (v *value) section() string {
	for v.up != nil && v.up.up != nil {
		v = v.up
	}
	if v.name == nil {
		return ""
	}
	return v.name.Value
}

// kind says what stands there, as a reader of the file would call it.
func (v *value) kind() string {
	switch {
	case isMapping(v):
		return "a mapping"
	case isList(v):
		return "a list"
	case isNull(v.node):
		return "empty"
	}
	return "a single value"
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isMapping(v *value) bool { return v.node.Kind == yaml.MappingNode }

// isList reports whether a list stands where a single value may stand, too.
func isList(v *value) bool { return v.node.Kind == yaml.SequenceNode }

// fail reports what is wrong with the value.
func (l *loader) fail(v *value, message, hint string) { l.report(v, v.node, message, hint) }

// failKey reports what is wrong with the key of the value.
func (l *loader) failKey(v *value, message, hint string) { l.report(v, v.name, message, hint) }

func (l *loader) report(v *value, at *yaml.Node, message, hint string) {
	l.reportAt(v, at.Line, at.Column, message, hint)
}

func (l *loader) reportAt(v *value, line, column int, message, hint string) {
	if l.budget >= 0 {
		l.found.add(Problem{Line: line, Column: column, Path: v.path(), Message: message, Hint: hint})
	}
}

// warn reports what is doubtful about the value.
func (l *loader) warn(v *value, message, hint string) {
	if l.budget >= 0 {
		l.found.add(Problem{Line: v.node.Line, Column: v.node.Column, Path: v.path(), Message: message, Hint: hint, Warning: true})
	}
}

// wrongKind reports a list, a mapping, a value or nothing where another was
// wanted.
func (l *loader) wrongKind(v *value, want, hint string) {
	if isNull(v.node) {
		l.fail(v, "is empty, must be "+want, hint)
		return
	}
	l.fail(v, "must be "+want+", not "+v.kind(), hint)
}

// follow returns the node that n stands for. What is read more than once, by
// aliases, costs of a budget, so that a small file cannot unfold to a giant one.
func (l *loader) follow(v *value, n *yaml.Node) *yaml.Node {
	if l.budget--; l.budget == 0 {
		l.found = collector{file: l.found.file} // what else there is, came of this
		l.fail(v, "unfolds by its aliases to more than sidehook reads", "write out what you mean")
		l.budget = -1
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// items returns what a list holds.
func (l *loader) items(v *value, hint string) []value {
	if !isList(v) {
		l.wrongKind(v, "a list", hint)
		return nil
	}
	items := make([]value, 0, len(v.node.Content))
	for i, n := range v.node.Content {
		n = l.follow(v, n)
		if l.budget < 0 {
			return nil
		}
		items = append(items, value{node: n, up: v, at: i})
	}
	return items
}

// pairs returns what a mapping holds, each key once. What is merged by << comes
// last, and only where the mapping has no such key itself.
func (l *loader) pairs(v *value, hint string) []value {
	if !isMapping(v) {
		l.wrongKind(v, "a mapping", hint)
		return nil
	}
	all := keyed{list: make([]value, 0, len(v.node.Content)/2)}
	l.gather(v, v.node, &all, 0)
	return all.list
}

// maxMerge is how deep mappings may merge each other: one that merges itself
// would have no end.
const maxMerge = 8

func (l *loader) gather(v *value, mapping *yaml.Node, into *keyed, depth int) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(mapping.Content) && l.budget >= 0; i += 2 {
		key, n := l.follow(v, mapping.Content[i]), l.follow(v, mapping.Content[i+1])
		pair := value{node: n, name: key, up: v}
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key):
			l.report(v, mapping.Content[i], "has a key that is not a name", "")
		case key.ShortTag() == "!!merge":
			merged = append(merged, n)
		default:
			first := into.add(pair)
			if first != nil && depth == 0 {
				l.failKey(&pair, fmt.Sprintf("given twice, first in line %d", first.Line), "remove one")
			}
		}
	}
	for _, n := range merged {
		sources := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			sources = n.Content
		}
		for _, source := range sources {
			source = l.follow(v, source)
			if source.Kind != yaml.MappingNode || depth == maxMerge {
				l.report(v, n, "merges by << what is not a mapping of its own", "write <<: *NAME with the anchor of a mapping")
				continue
			}
			l.gather(v, source, into, depth+1)
		}
	}
}

// keyed is a mapping in order that knows its keys.
type keyed struct {
	list  []value
	index map[string]*yaml.Node // made once the list is long
}

// add adds a pair unless there is one of that key, and returns that one's key.
func (k *keyed) add(pair value) (first *yaml.Node) {
	if len(k.list) < 24 {
		for i := range k.list {
			if k.list[i].name.Value == pair.name.Value {
				return k.list[i].name
			}
		}
		k.list = append(k.list, pair)
		return nil
	}
	if k.index == nil {
		k.index = make(map[string]*yaml.Node)
		for i := range k.list {
			k.index[k.list[i].name.Value] = k.list[i].name
		}
	}
	if first := k.index[pair.name.Value]; first != nil {
		return first
	}
	k.index[pair.name.Value] = pair.name
	k.list = append(k.list, pair)
	return nil
}
