package console

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Resources groups types of events by what they are about: com.example.app.deleted is
// Deleted of Apps. Groups and types stand in the order in which they come.
func Resources(types []Type) (list []Resource) {
	var prefixes []string // of the groups: what stands before the last word
	named := map[string]int{}
	for _, t := range types {
		prefix, name := ResourceOf(t.Type)
		i := slices.Index(prefixes, prefix)
		if i < 0 {
			i = len(list)
			prefixes = append(prefixes, prefix)
			list = append(list, Resource{Name: resourceName(prefix)})
			named[list[i].Name]++
		}
		t.Name = name
		list[i].Types = append(list[i].Types, t)
	}
	for i, prefix := range prefixes {
		if named[list[i].Name] > 1 {
			list[i].Name += " (" + prefix + ")"
		}
	}
	return list
}

// ResourceOf returns what a type is about, as the words before its last one, and the
// name of what happened to it.
func ResourceOf(typ string) (prefix, event string) {
	at := strings.LastIndexByte(typ, '.')
	if at < 0 {
		return "", title(typ)
	}
	return typ[:at], title(typ[at+1:])
}

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

// title writes a word of a type as people would: data-updated is Data Updated.
func title(word string) string {
	words := strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return strings.Join(words, " ")
}
