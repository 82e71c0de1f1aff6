package expression

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
)

// The values of an evaluation are nil, bool, int, float64, string, number, []any
// and map[string]any. They never change: those of the event are shared.

// number is a JSON number that neither an int nor a float64 holds exactly (X2).
type number struct{ text string }

// MarshalJSON copies the number as it was.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n.text), nil }

// kind names a value's type as a reader of JSON would.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "missing or null"
	case bool:
		return "a bool"
	case int, float64, number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "no value"
}

// plain returns a value of the library as a value of an evaluation.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		if v == nil {
			return []any{}
		}
	case []int:
		return listOf(v)
	case []string:
		return listOf(v)
	case map[any][]any:
		return objectOf(v)
	case map[any]any:
		return objectOf(v)
	}
	return v
}

func listOf[T any](items []T) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

func objectOf[T any](members map[any]T) map[string]any {
	object := make(map[string]any, len(members))
	for key, value := range members {
		text, ok := key.(string)
		if !ok {
			fail("a key of an object is %s, not a string", kind(key))
		}
		object[text] = value
	}
	return object
}

// keysOf returns the keys of an object in order (X3).
func keysOf(o map[string]any) []string {
	return slices.Sorted(maps.Keys(o))
}

// encode writes a value as JSON without white space of its own.
func (r *run) encode(v any) []byte {
	r.walk(v, func(v any) {
		if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			fail("the result of a calculation is %v, which JSON cannot hold", f)
		}
	})
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		fail("the result cannot be written as JSON")
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
