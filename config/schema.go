package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Schema returns the JSON Schema (2020-12) of webhooks.yaml, for editors. A file
// that Read takes, the schema takes; what it refuses, Read refuses. It cannot say
// what depends on more than one value, such as unique names or what allow lifts.
func Schema() []byte {
	s := widen(objectOf(declared.top, empty("webhooks.yaml")))
	s["title"] = "webhooks.yaml of sidehook"
	return printSchema(s)
}

// IncludeSchema returns the JSON Schema of a file of include.
func IncludeSchema() []byte {
	s := widen(objectOf(declared.include, empty("webhooks.yaml"), "webhooks"))
	s["title"] = "a file of include of sidehook's webhooks.yaml"
	return printSchema(s)
}

func printSchema(s schema) []byte {
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

// reference is a value that is filled in: what comes in has the type that the key
// needs.
var reference = schema{"type": "string", "pattern": `\$\{`}

// widen returns the schema of a value as it may be written in YAML: a text without
// quotes may look like a number or true, and any single value may be a ${…}.
func widen(s schema) schema {
	s = maps.Clone(s)
	if below, ok := s["properties"].(schema); ok {
		below = maps.Clone(below)
		for name, property := range below {
			below[name] = widen(property.(schema))
		}
		s["properties"] = below
	}
	for _, word := range []string{"items", "additionalProperties"} {
		if below, ok := s[word].(schema); ok {
			s[word] = widen(below)
		}
	}
	if all, ok := s["anyOf"].([]schema); ok {
		all = slices.Clone(all)
		for i := range all {
			all[i] = widen(all[i])
		}
		s["anyOf"] = all
		return s
	}
	if s["type"] == "object" || s["type"] == "array" {
		return s
	}
	single := schema{}
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
	s["anyOf"] = []schema{single, reference}
	return s
}
