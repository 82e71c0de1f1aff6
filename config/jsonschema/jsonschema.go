// Package jsonschema owns the JSON Schema of values as webhooks.yaml has them, and how it
// is written. It promises that a schema which was widened takes whatever YAML reads as
// the value, and any ${…} in its place. Package config, whose table gives each key its
// schema, is its only caller.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Schema is a JSON Schema of a value.
type Schema map[string]any

// Print returns the text of a whole schema.
func Print(s Schema) []byte {
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		panic(err) // it has nothing but texts, numbers, lists and maps
	}
	return text.Bytes()
}

// Duration is the form of a duration.
func Duration() Schema {
	return orZero(`^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$`)
}

// Size is the form of a size.
func Size() Schema { return orZero(`^(0|[0-9]+([KMGT]i?)?B)$`) }

// orZero is a text of a form, or 0, which needs no unit. Its type is a list, as no number
// but 0 is one.
func orZero(pattern string) Schema {
	return Either(Schema{"type": []string{"string"}, "pattern": pattern}, Schema{"const": 0})
}

// List returns the schema of a list with least to most items; 0 sets no limit.
func List(items Schema, least, most int) Schema {
	s := Schema{"type": "array", "items": items}
	if least > 0 {
		s["minItems"] = least
	}
	if most > 0 {
		s["maxItems"] = most
	}
	return s
}

// Either is one of several.
func Either(all ...Schema) Schema { return Schema{"anyOf": all} }

// reference is a value with a ${…}. The text that replaces it has the type that the key
// needs.
var reference = Schema{"type": "string", "pattern": `\$\{`}

// Widen returns the schema of a value as it may be written in YAML: a text without
// quotes may look like a number or true, and any single value may be a ${…}.
func Widen(s Schema) Schema {
	s = maps.Clone(s)
	if below, ok := s["properties"].(Schema); ok {
		below = maps.Clone(below)
		for name, property := range below {
			below[name] = Widen(property.(Schema))
		}
		s["properties"] = below
	}
	for _, word := range []string{"items", "additionalProperties"} {
		if below, ok := s[word].(Schema); ok {
			s[word] = Widen(below)
		}
	}
	if all, ok := s["anyOf"].([]Schema); ok {
		all = slices.Clone(all)
		for i := range all {
			all[i] = Widen(all[i])
		}
		s["anyOf"] = all
		return s
	}
	if s["type"] == "object" || s["type"] == "array" {
		return s
	}
	single := Schema{}
	for _, word := range []string{"type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "format"} {
		if value, ok := s[word]; ok {
			single[word] = value
			delete(s, word)
		}
	}
	switch types, _ := single["type"].([]string); {
	case single["type"] == "string":
		single["type"] = []string{"string", "number", "boolean"}
	case slices.Equal(types, []string{"string", "null"}):
		single["type"] = []string{"string", "number", "boolean", "null"}
	}
	s["anyOf"] = []Schema{single, reference}
	return s
}
