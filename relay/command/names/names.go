// Package names knows which webhooks and event types there are, for completion and
// to say of a name that is none of them which one is nearest. The commands of
// relay/command call it.
package names

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/config/yamlnode"
)

// Known is what the file declares. The zero value knows nothing, and then every
// type may be one.
type Known struct {
	Webhooks  []string // in the order of the file
	Catalogue []string // event_types, sorted; nil if every type is accepted
	Events    []string // what webhooks ask for: types and globs, sorted, each once
}

// Of returns what a file declares. It knows nothing of a file that is nil.
func Of(file *config.File) (k Known) {
	if file == nil {
		return k
	}
	events := map[string]bool{}
	for _, w := range file.Webhooks {
		k.Webhooks = append(k.Webhooks, w.Name)
		for _, glob := range w.Events {
			events[glob] = true
		}
	}
	k.Events = slices.Sorted(maps.Keys(events))
	if file.EventTypes != nil {
		k.Catalogue = slices.Sorted(maps.Keys(file.EventTypes))
	}
	return k
}

// Types returns the types that are named somewhere in the file.
func (k Known) Types() []string {
	types := slices.Clone(k.Catalogue)
	for _, glob := range k.Events {
		if !strings.Contains(glob, "*") && !slices.Contains(types, glob) {
			types = append(types, glob)
		}
	}
	slices.Sort(types)
	return types
}

// UnknownWebhook says that there is no webhook of a name, and which one is nearest,
// or which there are if they are few.
func UnknownWebhook(name string, known []string) string {
	text := fmt.Sprintf("there is no webhook %q", name)
	near := yamlnode.Nearest(name, known)
	switch {
	case near != "":
		return fmt.Sprintf("%s; did you mean %q?", text, near)
	case len(known) == 1:
		return fmt.Sprintf("%s; the only one is %s", text, known[0])
	case len(known) > 1 && len(known) <= few:
		return fmt.Sprintf("%s; there are %s", text, And(known))
	}
	return text
}

// few is how many names are listed.
const few = 6

// And joins words as a sentence does: a, b and c.
func And(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// UnknownType says that a glob can match no type of the catalogue, and which one is
// nearest. It is "" if it can match one, or if there is no catalogue.
func (k Known) UnknownType(glob string) string {
	first, _, _ := strings.Cut(glob, ".")
	if k.Catalogue == nil || glob == "" || first == "sidehook" {
		return ""
	}
	words := strings.Split(glob, ".")
	var like []string
	for _, typ := range k.Catalogue {
		if config.Matches(glob, typ) {
			return ""
		}
		like = append(like, inShape(words, strings.Split(typ, ".")))
	}
	text := fmt.Sprintf("%s is not in event_types", glob)
	if strings.Contains(glob, "*") {
		text = fmt.Sprintf("%s matches no type in event_types", glob)
	}
	if near := yamlnode.Nearest(glob, like); near != "" {
		return fmt.Sprintf("%s; did you mean %q?", text, near)
	}
	return text
}

// inShape returns a type with the wildcards of a glob in their places, so that the
// two can be compared: order.paid in the shape of ordr.* is order.*.
func inShape(glob, typ []string) string {
	var words []string
	for i, word := range glob {
		switch {
		case word == "**":
			rest := glob[i+1:]
			words = append(words, word)
			return strings.Join(append(words, inShapeFromEnd(rest, typ)...), ".")
		case i >= len(typ):
		case word == "*":
			words = append(words, word)
		default:
			words = append(words, typ[i])
		}
	}
	if len(typ) > len(glob) {
		words = append(words, typ[len(glob):]...)
	}
	return strings.Join(words, ".")
}

// inShapeFromEnd is inShape for what follows a **, counted from the end.
func inShapeFromEnd(glob, typ []string) (words []string) {
	for i, word := range glob {
		at := len(typ) - len(glob) + i
		switch {
		case word == "*" || word == "**":
			words = append(words, word)
		case at >= 0:
			words = append(words, typ[at])
		}
	}
	return words
}

// Overlap reports whether there can be a type that two globs both match. Each may be
// a type.
func Overlap(a, b string) bool {
	return overlap(strings.Split(a, "."), strings.Split(b, "."))
}

func overlap(a, b []string) bool {
	switch {
	case len(a) == 0 && len(b) == 0:
		return true
	case len(a) > 0 && a[0] == "**":
		return overlap(a[1:], b) || len(b) > 0 && overlap(a, b[1:])
	case len(b) > 0 && b[0] == "**":
		return overlap(b, a)
	case len(a) == 0 || len(b) == 0 || a[0] != "*" && b[0] != "*" && a[0] != b[0]:
		return false
	}
	return overlap(a[1:], b[1:])
}
