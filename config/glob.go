package config

import (
	"maps"
	"slices"
	"strings"

	"sidehook/config/yamlnode"
)

// checkGlob returns what is wrong with an exact type or a glob, and what to write
// instead; "" if nothing is.
func checkGlob(glob string) (message, hint string) {
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

// checkRoute returns what is wrong with a good glob that matches no type of the
// catalogue; "" if it matches one. Sidehook's own events are in no catalogue.
func (l *loader) checkRoute(glob string) (message, hint string) {
	first, _, _ := strings.Cut(glob, ".")
	if l.file.EventTypes == nil || first == "sidehook" {
		return "", ""
	}
	checked, ok := l.routes[glob]
	if !ok {
		checked.message, checked.hint = l.route(glob, l.file.EventTypes)
		l.routes[glob] = checked
	}
	return checked.message, checked.hint
}

func (l *loader) route(glob string, catalogue map[string]EventType) (message, hint string) {
	if !strings.Contains(glob, "*") {
		if _, ok := catalogue[glob]; ok {
			return "", ""
		}
		hint := l.DidYouMean(glob, slices.Sorted(maps.Keys(catalogue)))
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
