package config

import (
	"maps"
	"slices"
	"strings"
)

// checkGlob returns what is wrong with an exact type or a glob; the zero
// problem if nothing is.
func checkGlob(glob string) problem {
	switch {
	case glob == "":
		return problem{"must not be empty", `write "**" for every type`}
	case hasControl(glob):
		return problem{noControl, ""}
	case strings.Contains(glob, "?"):
		return problem{"has a ?, which is no wildcard", "write * for one whole word, ** for any number of them"}
	}
	for word := range strings.SplitSeq(glob, ".") {
		switch {
		case word == "":
			return problem{"has an empty word", "write one dot between two words, and none at the ends"}
		case word != "*" && word != "**" && strings.Contains(word, "*"):
			return problem{"has a * within a word", "write * for one whole word, ** for any number of them"}
		}
	}
	return problem{}
}

// checkRoute returns the zero problem if a good glob can match a type of the
// catalogue, or is one for sidehook's own events, which stand in none.
func (l *loader) checkRoute(glob string) problem {
	catalogue := l.file.EventTypes
	first, _, _ := strings.Cut(glob, ".")
	if catalogue == nil || first == "sidehook" {
		return problem{}
	}
	c, ok := l.routes[glob]
	if !ok {
		c = l.route(glob, catalogue)
		l.routes[glob] = c
	}
	return c
}

func (l *loader) route(glob string, catalogue map[string]string) problem {
	if !strings.Contains(glob, "*") {
		if _, ok := catalogue[glob]; ok {
			return problem{}
		}
		hint := l.DidYouMean(glob, slices.Sorted(maps.Keys(catalogue)))
		if hint == "" {
			hint = "add it there, or correct it"
		}
		return problem{"asks for a type that is not in event_types", hint}
	}
	words := strings.Split(glob, ".")
	for name := range catalogue {
		if matches(words, strings.Split(name, ".")) {
			return problem{}
		}
	}
	return problem{"matches no type in event_types", "add one there, or correct it"}
}

// matches reports whether the words of a glob match those of a type: * is one word,
// ** any number.
func matches(glob, words []string) bool {
	// After a mismatch the last ** takes one word more; one before it need not,
	// since whatever that gains the last can have.
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
