package selection

import (
	"fmt"
	"slices"
	"strings"

	"sidehook/config/endpoint"
	"sidehook/config/yamlnode"
)

// Match is the attributes that an event must have, in the order of the file. The
// empty Match is every event.
type Match []Attribute

// Attribute is an attribute of an event and the values that it may have: at least
// one.
type Attribute struct {
	Name   string // source, subject or an extension
	Values []string
}

// Limits of match.
const (
	// MaxAttributes is the most attributes.
	MaxAttributes = 32
	// MaxValues is the most values of one attribute.
	MaxValues = 200
	// MaxValue is the most bytes of a value.
	MaxValue = 1024
)

const matchHint = "write it like match: {tenant: acme, region: [eu, us]}"

// Read reads the attributes.
func Read(r *yamlnode.Reader, v *yamlnode.Value, into *Match) {
	given := r.Pairs(v, matchHint)
	if len(given) > MaxAttributes {
		r.Fail(v, fmt.Sprintf("must be at most %d attributes, are %d", MaxAttributes, len(given)), "")
		return
	}
	*into = make(Match, 0, len(given))
	for i := range given {
		pair := &given[i]
		if message, hint := checkAttributeName(pair.Key()); message != "" {
			r.FailKey(pair, message, hint)
			continue
		}
		if values := matchValues(r, pair); len(values) > 0 {
			*into = append(*into, Attribute{pair.Key(), values})
		}
	}
}

// checkAttributeName returns what is wrong with the name of an attribute in match,
// and what to write instead; "" if nothing is.
func checkAttributeName(name string) (message, hint string) {
	switch name {
	case "type":
		return "is not an attribute for match", "write types under events"
	case "data", "data_base64":
		return "is not an attribute for match", "write a condition, such as when: data.region == 'eu'"
	case "id", "time", "specversion", "datacontenttype", "dataschema":
		return "must be source, subject or an extension", "write a condition under when, such as when: " + name + " != ''"
	}
	if first, member, ok := strings.Cut(name, "."); ok && first == "data" && member != "" {
		return "is not an attribute for match", "write a condition, such as when: " + name + " == 'eu'"
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	if name != "" && strings.Trim(name, letters) == "" {
		return "", ""
	}
	message = "must be the name of an attribute, of lower-case letters and digits"
	if lower := strings.Map(func(c rune) rune {
		if strings.ContainsRune(letters, c) {
			return c
		}
		return -1
	}, strings.ToLower(name)); lower != "" {
		hint = "write " + lower
	}
	return message, hint
}

// matchValues reads a value or a list of values.
func matchValues(r *yamlnode.Reader, v *yamlnode.Value) []string {
	if v.IsMapping() || v.IsNull() {
		r.Fail(v, "must be a value or a list of values", matchHint)
		return nil
	}
	items := r.OneOrItems(v)
	if v.IsList() && len(items) == 0 {
		r.Fail(v, "is an empty list", "list at least one value, or remove "+v.Key())
	}
	if len(items) > MaxValues {
		r.Fail(v, fmt.Sprintf("must be at most %d values, are %d", MaxValues, len(items)), "")
		return nil
	}
	values := make([]string, 0, len(items))
	for i := range items {
		t, ok := r.Known(&items[i])
		if !ok {
			continue
		}
		if message, hint := checkAttributeValue(v.Key(), t); message != "" {
			r.Fail(t.At, message, hint)
		} else if slices.Contains(values, t.String()) {
			r.Fail(t.At, t.Show()+" is given twice", "remove one")
		}
		values = append(values, t.String())
	}
	return values
}

// checkAttributeValue returns what is wrong with a value, and what to write instead; ""
// if nothing is.
func checkAttributeValue(name string, t yamlnode.Text) (message, hint string) {
	text := t.String()
	switch right := endpoint.EncodeURI(text); {
	case text == "":
		return "must not be empty", "write the value that the attribute must have"
	case yamlnode.HasControl(text):
		return yamlnode.NoControl, yamlnode.OneLine
	case len(text) > MaxValue:
		return fmt.Sprintf("must have at most %d bytes, has %d", MaxValue, len(text)), ""
	case name != "source" || right == text:
		return "", ""
	case t.Hidden():
		return "must be a URI reference, as every source is", ""
	default:
		return "must be a URI reference, as every source is", "write " + right
	}
}

// Sorted returns what it requires in an order that does not depend on the file's.
func (m Match) Sorted() Match {
	list := slices.Clone(m)
	for i := range list {
		list[i].Values = slices.Sorted(slices.Values(list[i].Values))
	}
	slices.SortFunc(list, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Equal reports whether both require the same.
func (m Match) Equal(o Match) bool {
	return slices.EqualFunc(m.Sorted(), o.Sorted(), func(a, b Attribute) bool {
		return a.Name == b.Name && slices.Equal(a.Values, b.Values)
	})
}
