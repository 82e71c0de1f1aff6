package event

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// usualMembers is a number of members that most objects do not exceed. There is room for
// so many, and up to so many are compared one by one.
const usualMembers = 12

// check checks the members of the object read last by the rules of a form, and drops
// those that are null.
func (s *scanner) check(f form, required ...role) (at places, ok bool) {
	nulls := 0
	for k, m := range s.members {
		name, raw := m.name(s.dst), m.raw(s.dst)
		r := f.role(name)
		if r == extension {
			if flaw := f.nameFlaw(name); flaw != "" {
				return at, s.refuse(m, flaw)
			}
		} else if at[r] != 0 {
			return at, s.refuse(m, "is given twice")
		}
		at[r] = k + 1
		if raw[0] == 'n' && r != data {
			nulls++
		} else if flaw := f.valueFlaw(r, name, raw); flaw != "" {
			return at, s.refuse(m, flaw)
		}
	}
	if k := s.repeated(); k >= 0 {
		return at, s.refuse(s.members[k], "is given twice")
	}
	if nulls > 0 {
		s.rewrite(func(m member) bool { return m.raw(s.dst)[0] != 'n' || f.role(m.name(s.dst)) == data })
		return s.check(f, required...)
	}
	if k := at[dataBase64]; k != 0 && at[data] != 0 {
		return at, s.refuse(s.members[k-1], "cannot stand beside data")
	}
	for _, r := range required {
		if at[r] == 0 {
			s.err = missing(attributeNames[f][r])
			return at, false
		}
	}
	return at, true
}

func (s *scanner) refuse(m member, problem string) bool {
	s.err = &Error{Index: -1, Field: fieldName(m.name(s.dst)), Problem: problem, Offset: int(m.src)}
	return false
}

func missing(name string) *Error {
	return &Error{Index: -1, Field: name, Problem: "is missing or null", Offset: -1}
}

func (s *scanner) has(name string) bool {
	for _, m := range s.members {
		if string(m.name(s.dst)) == name {
			return true
		}
	}
	return false
}

// repeated returns the first member that repeats the name of an earlier one, or -1. If
// there are many it uses a map: comparing each with each would take minutes.
func (s *scanner) repeated() int {
	if len(s.members) <= usualMembers {
		for k, m := range s.members {
			for _, before := range s.members[:k] {
				if m.value-m.at == before.value-before.at && bytes.Equal(m.name(s.dst), before.name(s.dst)) {
					return k
				}
			}
		}
		return -1
	}
	seen := make(map[string]struct{}, len(s.members))
	for k, m := range s.members {
		if seen[string(m.name(s.dst))] = struct{}{}; len(seen) == k {
			return k
		}
	}
	return -1
}

// nameFlaw returns why name cannot be an extension of the form, or "".
func (f form) nameFlaw(name []byte) string {
	if f == legacy {
		return `is not an attribute of CloudEvents 0.1: others stand in "extensions"`
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			if legacy.role(name) != extension {
				return "belongs to CloudEvents 0.1: post it as application/json, with cloudEventsVersion"
			}
			return "is not the name of an attribute: those have lower-case letters and digits only"
		}
	}
	if len(name) == 0 {
		return "an attribute has an empty name"
	}
	return ""
}

// valueFlaw returns why raw, which is not null, cannot be the value of the attribute of
// that name, or "".
func (f form) valueFlaw(r role, name, raw []byte) string {
	switch {
	case r == data:
		return ""
	case r == extensions:
		return extensionsFlaw(raw)
	case r == extension:
		if raw[0] == '{' || raw[0] == '[' {
			return "must be a string, a boolean or an integer, not " + typeOf(raw)
		}
		return extensionFlaw(name, raw)
	case raw[0] != '"':
		return "must be a string, not " + typeOf(raw)
	}
	text := raw[1 : len(raw)-1]
	if flaw := textFlaw(text); flaw != "" {
		return flaw
	}
	if len(text) == 0 && r != dataBase64 {
		return "must not be empty"
	}
	if bytes.IndexByte(text, '\\') >= 0 {
		text = unescape(nil, text)
	}
	return f.syntaxFlaw(r, text)
}

// syntaxFlaw returns why text cannot be the value of an attribute, or "".
func (f form) syntaxFlaw(r role, text []byte) string {
	switch r {
	case version:
		if string(text) != versions[f] {
			return "must be " + strconv.Quote(versions[f])
		}
	case when:
		return timeFlaw(text)
	case source, schema:
		return uriFlaw(r, text)
	case contentType:
		if !isMediaType(text) {
			return "must be a media type (RFC 2046), such as application/json"
		}
	case dataBase64:
		if !isBase64(text) {
			return "must be base64 in the standard alphabet, with its padding"
		}
	}
	return ""
}

func timeFlaw(text []byte) string {
	if _, ok := parseTime(text); !ok {
		return "must be a time of RFC 3339, such as 2026-11-23T14:55:00Z"
	}
	return ""
}

// isExpiryTime reports whether an extension, whose name may have capitals in the
// 0.1 envelope, is expirytime.
func isExpiryTime(name []byte) bool { return bytes.EqualFold(name, []byte(expiryTime)) }

// extensionFlaw returns why raw, a scalar, cannot be the value of the extension of that
// name, or "".
func extensionFlaw(name, raw []byte) string {
	expires := isExpiryTime(name)
	if raw[0] != '"' {
		if expires {
			return "must be a string with a time of RFC 3339, such as \"2026-11-23T14:55:00Z\", not " + typeOf(raw)
		}
		return numberFlaw(raw)
	}
	text := raw[1 : len(raw)-1]
	if flaw := textFlaw(text); flaw != "" || !expires {
		return flaw
	}
	return timeFlaw(unescape(nil, text))
}

// numberFlaw returns why raw, if it is a number, cannot be an integer of CloudEvents, or
// "".
func numberFlaw(raw []byte) string {
	const longest = 40
	if raw[0] == 't' || raw[0] == 'f' || raw[0] == 'n' {
		return ""
	}
	if _, err := strconv.ParseInt(string(raw), 10, 32); err == nil {
		return ""
	}
	flaw := "must be an integer from -2147483648 to 2147483647"
	if len(raw) > longest {
		return flaw + "; write any other number as a string"
	}
	return flaw + "; write any other number as a string, \"" + string(raw) + "\""
}

// extensionsFlaw is valueFlaw for the extensions of CloudEvents 0.1. They may also be
// lists and objects, with any content.
func extensionsFlaw(raw []byte) string {
	if raw[0] != '{' {
		return "must be an object, not " + typeOf(raw)
	}
	s, _ := scanObject(raw) // it was scanned before
	if k := s.repeated(); k >= 0 {
		return strconv.Quote(fieldName(s.members[k].name(s.dst))) + " is given twice"
	}
	for _, m := range s.members {
		value := m.raw(s.dst)
		name := m.name(s.dst)
		if bytes.IndexByte(name, '\\') >= 0 {
			name = unescape(nil, name)
		}
		if value[0] == 'n' || (value[0] == '{' || value[0] == '[') && !isExpiryTime(name) {
			continue
		}
		if flaw := extensionFlaw(name, value); flaw != "" {
			return strconv.Quote(fieldName(m.name(s.dst))) + " " + flaw
		}
	}
	return ""
}

// typeOf returns the type of a value that is not null.
func typeOf(raw []byte) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// textFlaw returns what CloudEvents forbids in a string, or "". raw is the string
// without its quotes.
func textFlaw(raw []byte) string {
	for i := plain(raw); i < len(raw); {
		r, size := char(raw[i:])
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return fmt.Sprintf("must not hold the control character %U", r)
		case utf16.IsSurrogate(r):
			return fmt.Sprintf("must not hold %U, half of a surrogate pair", r)
		case r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef:
			return fmt.Sprintf("must not hold %U, which is not a character", r)
		}
		i += size
	}
	return ""
}
