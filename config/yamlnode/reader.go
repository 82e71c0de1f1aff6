// Package yamlnode reads values from a YAML file and collects every problem that
// it finds, each with its line, its column and the path of its key. It knows
// nothing of the keys that a file may have: package config declares them, and reads
// with it, as the packages with the rules for values do.
//
// It promises:
//
//   - A reading never stops at the first problem.
//   - What came into a value by a reference ${…} is never quoted in a problem.
//   - The work is bounded: a file whose aliases unfold to more than about a
//     million nodes is refused, and at most 1,000 errors and 1,000 warnings are
//     kept.
package yamlnode

import (
	"cmp"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Reader reads one file. It is for one goroutine. A problem may be about a value of
// another file, on which this one builds: it names that file.
type Reader struct {
	file     string
	data     []byte
	resolver Resolver
	found    collector
	// budget is how many nodes may still be visited. Below 0 there were too many,
	// and later problems are not reported.
	budget int
}

// Resolver looks up what a reference stands for. It returns false after it has
// reported why there is nothing.
type Resolver interface {
	Resolve(v *Value, ref Reference) (string, bool)
}

// NewReader returns a reader of data. Problems name the file as given.
func NewReader(file string, data []byte, resolver Resolver) *Reader {
	return &Reader{
		file: file, data: data, resolver: resolver,
		// A node takes at least two bytes, so only aliases can exceed this.
		budget: len(data) + 1_000_000,
	}
}

// File returns the name of the file.
func (r *Reader) File() string { return r.file }

// Problems returns what was found so far, in file order.
func (r *Reader) Problems() Problems { return r.found.sorted(r.file) }

// Errors returns how many problems so far are not warnings.
func (r *Reader) Errors() int { return r.found.errors }

// Full reports whether further errors are only counted, not kept.
func (r *Reader) Full() bool { return r.found.errors >= maxProblems }

// Forget drops the problems found so far.
func (r *Reader) Forget() { r.found = collector{} }

// Fail reports what is wrong with the value. Hint says what to write instead; it
// may be "".
func (r *Reader) Fail(v *Value, message, hint string) { r.FailNode(v, v.Node, message, hint) }

// FailKey reports what is wrong with the key of the value.
func (r *Reader) FailKey(v *Value, message, hint string) { r.FailNode(v, v.Name, message, hint) }

// FailNode is Fail with the position of another node.
func (r *Reader) FailNode(v *Value, at *yaml.Node, message, hint string) {
	r.add(Problem{File: v.File(), Line: at.Line, Column: at.Column, Path: v.Path(), Message: message, Hint: hint})
}

// FailWithin is Fail with the position of a character inside the value; text is
// the value and offset counts its characters from 0.
func (r *Reader) FailWithin(v *Value, text string, offset int, message, hint string) {
	line, column := within(r.data, v.Node, text, offset)
	r.add(Problem{File: v.File(), Line: line, Column: column, Path: v.Path(), Message: message, Hint: hint})
}

// Warn reports what is doubtful about the value.
func (r *Reader) Warn(v *Value, message, hint string) {
	r.add(Problem{File: v.File(), Line: v.Node.Line, Column: v.Node.Column, Path: v.Path(), Message: message, Hint: hint, Warning: true})
}

func (r *Reader) add(p Problem) {
	if r.budget >= 0 {
		p.File = cmp.Or(p.File, r.file)
		r.found.add(p)
	}
}

// wrongKind reports that the value is a list, a mapping, a single value or empty
// where another kind is wanted.
func (r *Reader) wrongKind(v *Value, want, hint string) {
	if v.IsNull() {
		r.Fail(v, "is empty, must be "+want, hint)
		return
	}
	r.Fail(v, "must be "+want+", not "+v.kind(), hint)
}

// follow returns n, or the node that n is an alias of. Each visit costs one of
// the budget, so that a small file cannot unfold to a giant one.
func (r *Reader) follow(v *Value, n *yaml.Node) *yaml.Node {
	if r.budget--; r.budget == 0 {
		r.Forget() // the other problems follow from this one
		r.Fail(v, "is too large once its aliases are expanded", "write out what you mean")
		r.budget = -1
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Items returns the items of a list; none after it has reported that the value is
// no list.
func (r *Reader) Items(v *Value, hint string) []Value {
	if !v.IsList() {
		r.wrongKind(v, "a list", hint)
		return nil
	}
	items := make([]Value, 0, len(v.Node.Content))
	for i, n := range v.Node.Content {
		n = r.follow(v, n)
		if r.budget < 0 {
			return nil
		}
		items = append(items, Value{Node: n, Up: v, At: i})
	}
	return items
}

// OneOrItems returns the items of a list, or a single value as the only item.
func (r *Reader) OneOrItems(v *Value) []Value {
	if v.IsList() {
		return r.Items(v, "")
	}
	return []Value{*v}
}

// Pairs returns the pairs of a mapping, each key once; none after it has reported
// that the value is not a mapping. Keys merged by << come last, and only those that
// the mapping does not have itself.
func (r *Reader) Pairs(v *Value, hint string) []Value {
	if !v.IsMapping() {
		r.wrongKind(v, "a mapping", hint)
		return nil
	}
	all := keyed{list: make([]Value, 0, len(v.Node.Content)/2)}
	r.gather(v, v.Node, &all, 0)
	return all.list
}

// maxMerge is how deep mappings may merge each other. Without it, one that merges
// itself would never end.
const maxMerge = 8

func (r *Reader) gather(v *Value, mapping *yaml.Node, into *keyed, depth int) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(mapping.Content) && r.budget >= 0; i += 2 {
		key, n := r.follow(v, mapping.Content[i]), r.follow(v, mapping.Content[i+1])
		pair := Value{Node: n, Name: key, Up: v}
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key):
			r.FailNode(v, mapping.Content[i], "has a key that is not a name", "")
		case key.ShortTag() == "!!merge":
			merged = append(merged, n)
		default:
			first := into.add(pair)
			if first != nil && depth == 0 {
				r.FailKey(&pair, fmt.Sprintf("given twice, first in line %d", first.Line), "remove one")
			}
		}
	}
	for _, n := range merged {
		sources := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			sources = n.Content
		}
		for _, source := range sources {
			source = r.follow(v, source)
			if source.Kind != yaml.MappingNode || depth == maxMerge {
				r.FailNode(v, n, "merges with << something that is not another mapping", "write <<: *NAME with the anchor of a mapping")
				continue
			}
			r.gather(v, source, into, depth+1)
		}
	}
}

// keyed holds the pairs of a mapping in order and finds them by their keys.
type keyed struct {
	list  []Value
	index map[string]*yaml.Node // made once the list is long
}

// add adds a pair, unless its key is there already: then it returns the key's
// first node.
func (k *keyed) add(pair Value) (first *yaml.Node) {
	const long = 24
	if len(k.list) < long {
		if same := Find(k.list, pair.Name.Value); same != nil {
			return same.Name
		}
		k.list = append(k.list, pair)
		return nil
	}
	if k.index == nil {
		k.index = make(map[string]*yaml.Node)
		for i := range k.list {
			k.index[k.list[i].Name.Value] = k.list[i].Name
		}
	}
	if first := k.index[pair.Name.Value]; first != nil {
		return first
	}
	k.index[pair.Name.Value] = pair.Name
	k.list = append(k.list, pair)
	return nil
}
