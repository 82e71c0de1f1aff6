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
	return e.Extension(name)
}

// Extension is the JSON value of an extension attribute, nil if there is none of
// that name. One of the 0.1 envelope has the name that it has there, and the one
// in lower case that it has in 1.0; its eventTypeVersion is one in 1.0, too.
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
