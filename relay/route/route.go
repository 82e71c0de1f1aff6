// Package route finds the webhooks that want an event, by its type and its attributes.
// The globs of all webhooks, and the attributes that they require, are compiled once for
// each configuration into an Index, which relay asks for each event.
//
// A glob consists of words separated by dots. `*` matches exactly one word and `**` any
// number of words, also none, so com.qlik.** matches com.qlik too. A type that begins
// with "sidehook." is an operational event: only globs whose first word is sidehook
// match it, so that a webhook which wants everything gets no events about itself.
//
// The cost of a match depends on the words of the type, on the globs that begin like it
// and on the attributes of the event, not on the number of webhooks that want other types
// or other values of an attribute.
package route

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

const (
	oneWord  = "*"
	anyWords = "**"
	reserved = "sidehook"
)

// Rule is what one webhook wants: events whose type one of its globs matches, and that
// have all its attributes.
type Rule struct {
	Name  string
	Globs []string
	Match []Attribute // their names differ; empty: any event of those types
}

// Attribute is an attribute that an event must have, and the values that it may have: at
// least one.
type Attribute struct {
	Name   string
	Values []string
}

// Attributes yields the attributes of an event. One that is yielded with two values has
// both.
type Attributes = iter.Seq2[string, string]

// Index finds the rules that match an event. It is immutable, except for caches of its
// answers by type, and safe for concurrent use.
//
//	T4  The globs of a rule without attributes are under the root anyEvent, those of a
//	    rule with attributes under the root byType.
//	T5  One attribute of each rule is its key. Its globs are also under a root for each
//	    value of its key, so that an event finds the rule by that value. keyOf chooses the
//	    key that few rules share.
type Index struct {
	rules []Rule
	tree  tree
	keys  map[value]int32 // roots (T5); nil if no rule has attributes
	names map[string]bool // of the attributes of all rules

	cache cache // of the rules without attributes
	types cache // of all rules, by the type alone
}

// The first roots of the tree.
const (
	anyEvent int32 = iota
	byType
)

// value is one value of an attribute.
type value struct{ name, value string }

// New returns the index of rules. An error names the rule and its glob.
func New(rules []Rule) (*Index, error) {
	x := &Index{rules: rules, tree: newTree(), names: map[string]bool{}}
	x.tree.root() // anyEvent
	x.tree.root() // byType
	shared := sharers(rules)
	for r, rule := range rules {
		roots := []int32{anyEvent}
		if len(rule.Match) > 0 {
			roots = append(x.rootsOf(keyOf(rule, shared)), byType)
		}
		for _, a := range rule.Match {
			x.names[a.Name] = true
		}
		for g, glob := range rule.Globs {
			if err := Check(glob); err != nil {
				return nil, fmt.Errorf("route %q: %w", rule.Name, err)
			}
			for _, root := range roots {
				x.tree.add(root, glob, leaf{rule: int32(r), glob: int32(g)})
			}
		}
	}
	return x, nil
}

// Match returns the names of the rules that match an event of that type with these
// attributes, in their order. The slice may be shared and must not be changed.
func (x *Index) Match(typ string, has Attributes) []string {
	a, ok := x.cache.get(typ)
	if !ok {
		a = x.cache.put(typ, x.answer(x.tree.match(nil, anyEvent, typ)))
	}
	if x.keys == nil {
		return a.names
	}
	more := x.byKeys(typ, has)
	if len(more) == 0 {
		return a.names
	}
	for _, r := range a.rules {
		more = append(more, leaf{rule: r})
	}
	return x.answer(more).names
}

// MayMatch returns the names of the rules that match some event of that type. The slice
// is shared and must not be changed.
func (x *Index) MayMatch(typ string) []string {
	a, ok := x.types.get(typ)
	if !ok {
		a = x.types.put(typ, x.answer(x.ofType(typ)))
	}
	return a.names
}

// ofType returns the globs that match typ, whatever attributes their rules have.
func (x *Index) ofType(typ string) []leaf {
	return x.tree.match(x.tree.match(nil, anyEvent, typ), byType, typ)
}

// answer returns the rules of leaves, each once, however many of its globs match.
func (x *Index) answer(leaves []leaf) answer {
	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.rule, b.rule) })
	leaves = slices.CompactFunc(leaves, func(a, b leaf) bool { return a.rule == b.rule })
	if len(leaves) == 0 {
		return answer{}
	}
	a := answer{make([]int32, len(leaves)), make([]string, len(leaves))}
	for i, l := range leaves {
		a.rules[i], a.names[i] = l.rule, x.rules[l.rule].Name
	}
	return a
}

// Why returns the first glob that matches typ of each rule that has one, by its name.
func (x *Index) Why(typ string) map[string]string {
	leaves := x.ofType(typ)
	first := make(map[int32]int32, len(leaves)) // globs by rules
	for _, l := range leaves {
		if glob, ok := first[l.rule]; !ok || l.glob < glob {
			first[l.rule] = l.glob
		}
	}
	globs := make(map[string]string, len(first))
	for rule, glob := range first {
		globs[x.rules[rule].Name] = x.rules[rule].Globs[glob]
	}
	return globs
}

// Check returns what is wrong with a glob.
func Check(glob string) error {
	if glob == "" {
		return errors.New("glob is empty")
	}
	for word := range strings.SplitSeq(glob, ".") {
		switch {
		case word == "":
			return fmt.Errorf("glob %q has an empty word", glob)
		case word != oneWord && word != anyWords && strings.Contains(word, "*"):
			return fmt.Errorf("glob %q: * and ** stand for whole words, and %q mixes them with letters", glob, word)
		}
	}
	return nil
}
