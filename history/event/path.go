package event

import "strings"

// Value returns what a path of names, joined by dots, leads to: an attribute by its name
// in CloudEvents 1.0, an extension attribute, or data and what is inside. It is nil if
// there is no such value, or if it is null.
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
	return e.Extension(name)
}

// Extension returns the JSON value of an extension attribute, nil if there is none. One
// of the 0.1 envelope is found by its name there, and by the name in lower case that it
// has in 1.0. eventTypeVersion is an extension in 1.0, too.
func (e *Event) Extension(name string) []byte {
	var lower []byte
	for given, raw := range e.Extensions() {
		if given == name {
			return raw
		}
		if e.Legacy && lower == nil && strings.ToLower(given) == name {
			lower = raw
		}
	}
	if lower == nil && name == attributeNames[modern][kindVersion] {
		return e.Attribute(name)
	}
	return lower
}

// memberOf returns a member of a JSON object; nil if there is none, or no object.
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
