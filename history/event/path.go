package event

import "strings"

// Value returns the JSON value at a path of names joined by dots. The first name is an
// attribute by its name in CloudEvents 1.0, an extension attribute, or data; the others lead
// into its value. It returns nil if there is no such value, or if it is null.
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

// Extension returns the JSON value of an extension attribute, nil if there is none. An
// extension of the 0.1 envelope is found by its name there, and by the same name in lower
// case, which it has in 1.0. So is eventTypeVersion, which is an extension in 1.0.
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

// memberOf returns the value of a member of a JSON object. It returns nil if json is no
// object or has no such member.
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
