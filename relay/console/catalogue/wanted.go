package catalogue

import (
	"slices"
	"strings"

	"sidehook/history/query"
)

// Wanted is what a webhook wants of a resource: Apps: Created, Deleted.
type Wanted struct {
	Resource string   // "": Events are globs as they stand in the file
	Events   []string // as people call them
	Types    []string // the same as they stand in the file
}

// all is the glob of every type.
const all = "**"

// Wanted says what globs select, by resource: with a catalogue, what of it they match. What
// belongs to no resource stays as it is, at the end.
func (c Catalogue) Wanted(globs []string) (list []Wanted) {
	if slices.Contains(globs, all) {
		return []Wanted{{Events: []string{"everything"}, Types: []string{all}}}
	}
	var others Wanted
	for _, resource := range c {
		one := Wanted{Resource: resource.Name}
		for _, t := range resource.Types {
			if slices.ContainsFunc(globs, func(glob string) bool { return query.Glob(glob).Match(t.Type) }) {
				one.Events, one.Types = append(one.Events, t.Name), append(one.Types, t.Type)
			}
		}
		if len(one.Events) > 1 && len(one.Events) == len(resource.Types) {
			one.Events = []string{"all"}
		}
		if len(one.Events) > 0 {
			list = append(list, one)
		}
	}
	var exact []Type
	for _, glob := range globs {
		switch {
		case c.has(glob):
		case strings.Contains(glob, "*") || len(c) > 0:
			others.Events, others.Types = append(others.Events, glob), append(others.Types, glob)
		default:
			exact = append(exact, Type{Type: glob})
		}
	}
	for _, resource := range Group(exact) {
		one := Wanted{Resource: resource.Name}
		for _, t := range resource.Types {
			one.Events, one.Types = append(one.Events, t.Name), append(one.Types, t.Type)
		}
		list = append(list, one)
	}
	if len(others.Events) > 0 {
		list = append(list, others)
	}
	return list
}

// has reports whether a glob selects a type of the catalogue.
func (c Catalogue) has(glob string) bool {
	return slices.ContainsFunc(c, func(r Resource) bool {
		return slices.ContainsFunc(r.Types, func(t Type) bool { return query.Glob(glob).Match(t.Type) })
	})
}
