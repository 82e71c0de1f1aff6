// Package catalogue groups types of events by what they are about, as people look for
// them, and says in these words what the globs of a webhook want. It is pure. The console
// shows it, and relay/editing offers types with it.
package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Resource is a group of types of events that are about the same.
type Resource struct {
	Name  string // Apps
	Types []Type
}

// Type is a type of events that can be chosen.
type Type struct {
	Type   string // com.example.app.deleted
	Name   string // Deleted
	Doc    string
	Chosen bool
}

// Catalogue is types by their resources. Without event_types it is empty.
type Catalogue []Resource

// Group groups types of events by what they are about: com.example.app.deleted is
// Deleted of Apps, and com.example.app.data.updated, beside it, Data Updated of Apps.
// Groups and types stand in the order in which they come.
func Group(types []Type) (list Catalogue) {
	direct := map[string]bool{} // words that have an event of their own after them
	for _, t := range types {
		direct[t.Type[:max(strings.LastIndexByte(t.Type, '.'), 0)]] = true
	}
	var prefixes []string // of the groups
	named := map[string]int{}
	for _, t := range types {
		prefix, event := about(t.Type, direct)
		i := slices.Index(prefixes, prefix)
		if i < 0 {
			i = len(list)
			prefixes = append(prefixes, prefix)
			list = append(list, Resource{Name: resourceName(prefix)})
			named[list[i].Name]++
		}
		t.Name = title(event)
		list[i].Types = append(list[i].Types, t)
	}
	for i, prefix := range prefixes {
		if named[list[i].Name] > 1 {
			list[i].Name += " (" + prefix + ")"
		}
	}
	return list
}

// about splits a type into the words for what it is about, and those for what happened to
// it: the first are the fewest words that have an event of their own.
func about(typ string, direct map[string]bool) (prefix, event string) {
	for at, c := range typ {
		if c != '.' || !direct[typ[:at]] {
			continue
		}
		if last := typ[strings.LastIndexByte(typ[:at], '.')+1 : at]; version.MatchString(last) && strings.Contains(typ[at+1:], ".") {
			continue // it is about nothing by itself
		}
		return typ[:at], typ[at+1:]
	}
	return "", typ
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// resourceName returns what the last of words is called when there are several: Apps.
func resourceName(words string) string {
	word := title(words[strings.LastIndexByte(words, '.')+1:])
	ends := func(list ...string) bool {
		return slices.ContainsFunc(list, func(end string) bool { return strings.HasSuffix(word, end) })
	}
	switch {
	case word == "":
		return "Other"
	case ends("x", "ch", "sh", "ss"):
		return word + "es"
	case ends("s"):
		return word
	case ends("y") && !ends("ay", "ey", "oy", "uy"):
		return word[:len(word)-1] + "ies"
	}
	return word + "s"
}

// title writes words of a type as people would: data-updated is Data Updated.
func title(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(words, " ")
}
