package config

import "sidehook/config/jsonschema"

// Schema returns the JSON Schema (2020-12) of webhooks.yaml, for editors. A file
// that Read takes, the schema takes; what it refuses, Read refuses. It cannot say
// what depends on more than one value, such as unique names or what allow lifts.
func Schema() []byte {
	s := jsonschema.Widen(objectOf(declared.top, empty("webhooks.yaml")))
	s["title"] = "webhooks.yaml of sidehook"
	return jsonschema.Print(s)
}

// IncludeSchema returns the JSON Schema of a file of include.
func IncludeSchema() []byte {
	s := jsonschema.Widen(objectOf(declared.include, empty("webhooks.yaml"), "webhooks"))
	s["title"] = "a file of include of sidehook's webhooks.yaml"
	return jsonschema.Print(s)
}
