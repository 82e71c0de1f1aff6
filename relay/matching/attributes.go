package matching

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/relay/route"
)

// attributesOf yields the attributes of an event that a match may name, as text: an
// integer as its digits, a boolean as true or false. Those that no match can have as its
// value, such as objects in the 0.1 envelope, are left out. The extensions of that
// envelope are named in lower case.
func attributesOf(e *event.Event) route.Attributes {
	return func(yield func(name, value string) bool) {
		if !yield("source", e.Source) {
			return
		}
		subject, ok := textOf(e.Attribute("subject"))
		if ok && !yield("subject", subject) {
			return
		}
		for name, raw := range e.Extensions() {
			if e.Legacy {
				if name = strings.ToLower(name); name == "source" || ok && name == "subject" {
					continue
				}
			}
			if text, ok := textOf(raw); ok && !yield(name, text) {
				return
			}
		}
	}
}

// textOf returns the value of an attribute as a match has it.
func textOf(raw []byte) (string, bool) {
	const escaped = 6 // bytes that one may take in JSON
	if len(raw) == 0 || len(raw) > escaped*config.MaxValue+2 {
		return "", false
	}
	switch raw[0] {
	case '"':
		return event.Unquote(raw)
	case '{', '[', 'n':
		return "", false
	}
	return string(raw), true
}

// met returns the values that an event has of the attributes of a match.
func met(match config.Match, has map[string]string) map[string]string {
	values := map[string]string{}
	for _, a := range match {
		values[a.Name] = has[a.Name]
	}
	return values
}

// unmet returns why an event does not have the attributes of a match, "" if it has them.
func unmet(match config.Match, has map[string]string) string {
	for _, a := range match {
		given, ok := has[a.Name]
		want := anyOf(a.Values)
		switch {
		case !ok:
			return fmt.Sprintf("its match requires %s %s, and the event has no %s", a.Name, want, a.Name)
		case !slices.Contains(a.Values, given):
			return fmt.Sprintf("its match requires %s %s, and the event has %q", a.Name, want, given)
		}
	}
	return ""
}

// anyOf returns values for a message, at most a few of them.
func anyOf(values []string) string {
	const most = 5
	quoted := make([]string, 0, most)
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, strconv.Quote(v))
	}
	switch more := len(values) - most; {
	case more > 0:
		return strings.Join(quoted, ", ") + fmt.Sprintf(" or %d others", more)
	case len(quoted) > 1:
		last := len(quoted) - 1
		return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
	}
	return quoted[0]
}
