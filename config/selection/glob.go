// Package selection owns the selection of the events that a webhook gets: globs of types,
// and the attributes that match requires. It promises that a check returns the problem and a
// correction, and that matching a glob takes no more than its length times that of the type.
// Package config reads the keys with it; the relay asks Matches through it.
package selection

import (
	"maps"
	"slices"
	"strings"

	"sidehook/config/yamlnode"
)

// CheckGlob returns what is wrong with an exact type or a glob, and what to write
// instead; "" if nothing is.
func CheckGlob(glob string) (message, hint string) {
	switch {
	case glob == "":
		return "must not be empty", `write "**" for every type`
	case yamlnode.HasControl(glob):
		return yamlnode.NoControl, ""
	case strings.Contains(glob, "?"):
		return "has a ?, which is not a wildcard", "write * for one whole word, ** for any number of them"
	}
	for word := range strings.SplitSeq(glob, ".") {
		switch {
		case word == "":
			return "has an empty word", "write one dot between two words, and none at the ends"
		case word != "*" && word != "**" && strings.Contains(word, "*"):
			return "has a * within a word", "write * for one whole word, ** for any number of them"
		}
	}
	return "", ""
}

// CheckCatalogue returns what is wrong with a good glob that matches no type of a
// catalogue; "" if it matches one.
func CheckCatalogue[T any](r *yamlnode.Reader, glob string, catalogue map[string]T) (message, hint string) {
	if !strings.Contains(glob, "*") {
		if _, ok := catalogue[glob]; ok {
			return "", ""
		}
		hint := r.DidYouMean(glob, slices.Sorted(maps.Keys(catalogue)))
		if hint == "" {
			hint = "add it there, or correct it"
		}
		return "is not in event_types", hint
	}
	words := strings.Split(glob, ".")
	for name := range catalogue {
		if matches(words, strings.Split(name, ".")) {
			return "", ""
		}
	}
	return "matches no type in event_types", "add one there, or correct it"
}

// Matches reports whether a glob matches a type.
func Matches(glob, typ string) bool {
	return matches(strings.Split(glob, "."), strings.Split(typ, "."))
}

// matches reports whether the words of a glob match those of a type: * is one word,
// ** any number of them.
func matches(glob, words []string) bool {
	// After a mismatch the last ** takes one more word. An earlier ** need not:
	// the last one can take whatever the earlier one would.
	star, resume := -1, 0
	i, j := 0, 0
	for j < len(words) {
		switch {
		case i < len(glob) && glob[i] == "**":
			star, resume = i, j
			i++
		case i < len(glob) && (glob[i] == "*" || glob[i] == words[j]):
			i, j = i+1, j+1
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(glob) && glob[i] == "**" {
		i++
	}
	return i == len(glob)
}
