// Package route finds the webhooks that want an event, by its type alone. The globs of
// all webhooks are compiled once for each configuration into an Index, which relay asks
// for each event.
//
// A glob consists of words separated by dots. `*` matches exactly one word and `**` any
// number of words, also none, so com.qlik.** matches com.qlik too. A type that begins
// with "sidehook." is an operational event: only globs whose first word is sidehook
// match it, so that a webhook which wants everything gets no events about itself.
//
// The cost of a match depends on the words of the type and on the globs that begin like
// it, not on the number of webhooks that want other types.
package route

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	oneWord  = "*"
	anyWords = "**"
	reserved = "sidehook"
)

// Rule is the globs of one webhook.
type Rule struct {
	Name  string
	Globs []string
}

// Index finds the rules that match a type. It is immutable, except for a cache of its
// answers, and safe for concurrent use.
type Index struct {
	rules []Rule
	tree  tree
	cache cache
}

// New returns the index of rules. An error names the rule and its glob.
func New(rules []Rule) (*Index, error) {
	x := &Index{rules: rules, tree: newTree()}
	for r, rule := range rules {
		for g, glob := range rule.Globs {
			if err := Check(glob); err != nil {
				return nil, fmt.Errorf("route %q: %w", rule.Name, err)
			}
			x.tree.add(glob, leaf{rule: int32(r), glob: int32(g)})
		}
	}
	return x, nil
}

// Match returns the names of the rules that match typ, in their order. The slice is
// shared and must not be changed.
func (x *Index) Match(typ string) []string {
	if names, ok := x.cache.get(typ); ok {
		return names
	}
	return x.cache.put(typ, x.find(typ))
}

func (x *Index) find(typ string) []string {
	leaves := x.tree.match(typ)
	// A rule is named once, however many of its globs match.
	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.rule, b.rule) })
	leaves = slices.CompactFunc(leaves, func(a, b leaf) bool { return a.rule == b.rule })
	if len(leaves) == 0 {
		return nil
	}
	names := make([]string, len(leaves))
	for i, l := range leaves {
		names[i] = x.rules[l.rule].Name
	}
	return names
}

// Why returns the first of the rule's globs that matches typ.
func (x *Index) Why(typ, name string) (glob string, ok bool) {
	r := slices.IndexFunc(x.rules, func(rule Rule) bool { return rule.Name == name })
	if r < 0 {
		return "", false
	}
	first := -1
	for _, l := range x.tree.match(typ) {
		if int(l.rule) == r && (first < 0 || int(l.glob) < first) {
			first = int(l.glob)
		}
	}
	if first < 0 {
		return "", false
	}
	return x.rules[r].Globs[first], true
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
