package event

import "strings"

// Value is what a path of names, with a dot between two, leads to: an attribute
// as CloudEvents 1.0 calls it, an extension attribute, or data and what is
// inside. It is nil if there is no such value, or null.
func (e *Event) Value(path string) []byte {
	name, rest, deeper := strings.Cut(path, ".")
	raw := e.attributeOrExtension(name)
	for deeper && raw != nil {
		name, rest, deeper = strings.Cut(rest, ".")
		raw = memberOf(raw, name)
	}
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (e *Event) attributeOrExtension(name string) []byte {
	if raw := e.Attribute(name); raw != nil || !e.Legacy {
		return raw
	}
	for extension, raw := range e.Extensions() {
		if extension == name {
			return raw
		}
	}
	return nil
}

// memberOf is a member of a JSON object; nil if there is none, or no object.
func memberOf(json []byte, name string) []byte {
	s, err := scanObject(json)
	if err != nil {
		return nil
	}
	for _, m := range s.members {
		if string(unescape(nil, m.name(s.dst))) == name {
			return m.raw(s.dst)
		}
	}
	return nil
}
