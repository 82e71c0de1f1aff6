// Package canonical owns the values of keys in the one form from which check --print,
// the API and the schema make theirs. It promises that the keys of a mapping keep their
// order where the form has one, and that secrets come out as ***. Package config, whose
// table of keys makes these values, is its only caller.
package canonical

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/redact"
)

// Canonical values are bool, int, string, []string, []int, redact.Secret,
// []redact.Secret, Pairs, Inline and []Pairs.
type (
	// Pairs is a mapping whose keys keep their order.
	Pairs []Pair
	// Pair is a key and its value.
	Pair struct {
		Key   string
		Value any
	}
	// Inline is Pairs that are written in one line.
	Inline Pairs
)

// JSON returns a canonical value as JSON.
func JSON(v any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // expressions are full of < and >
	if encoder.Encode(Plain(v)) != nil {
		return []byte("null") // strings, numbers and booleans cannot fail
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// Plain returns a canonical value for encoding/json.
func Plain(v any) any {
	switch v := v.(type) {
	case []redact.Secret: // their number is not shown either
		return redact.Mask
	case Inline:
		return Plain(Pairs(v))
	case Pairs:
		m := make(map[string]any, len(v))
		for _, p := range v {
			m[p.Key] = Plain(p.Value)
		}
		return m
	}
	return v
}

// Node returns a canonical value as YAML.
func Node(v any) *yaml.Node {
	switch v := v.(type) {
	case string: // ${ would begin a reference
		return scalar("!!str", strings.ReplaceAll(v, "${", "$${"))
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case redact.Secret:
		return Node(v.String())
	case []string:
		return nodes(v, yaml.FlowStyle)
	case []int:
		return nodes(v, yaml.FlowStyle)
	case []redact.Secret:
		if len(v) == 1 {
			return Node(v[0])
		}
		return nodes(v, yaml.FlowStyle)
	case []Pairs:
		if len(v) == 0 {
			return nodes(v, yaml.FlowStyle)
		}
		return nodes(v, 0)
	case Inline:
		n := Node(Pairs(v))
		n.Style = yaml.FlowStyle
		return n
	case Pairs:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, p := range v {
			n.Content = append(n.Content, scalar("!!str", p.Key), Node(p.Value))
		}
		return n
	}
	panic("canonical: a key shows a value of an unknown kind") // a mistake in the table
}

func nodes[T any](items []T, style yaml.Style) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: style}
	for _, item := range items {
		list.Content = append(list.Content, Node(item))
	}
	return list
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}
