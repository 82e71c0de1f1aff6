package config

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/redact"
)

// Canonical values are bool, int, string, []string, []int, Secret, []Secret,
// pairs, inline and []pairs.
type (
	// pairs is a mapping whose keys keep their order.
	pairs []pair
	pair  struct {
		key   string
		value any
	}
	// inline is pairs that are written in one line.
	inline pairs
)

// View returns the webhook as the API shows it: a JSON object of the keys that
// are set, without name, as they are in the file, with secrets as ***.
func (w *Webhook) View() json.RawMessage {
	var text bytes.Buffer
	for _, p := range pairsOf(declared.webhook, w, leaveOut) {
		if p.key != "name" {
			text.WriteString(`,"` + p.key + `":`)
			text.Write(jsonOf(p.value))
		}
	}
	text.Bytes()[0] = '{'
	text.WriteString("}\n")
	return text.Bytes()
}

func jsonOf(v any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // expressions are full of < and >
	if encoder.Encode(jsonValue(v)) != nil {
		return []byte("null") // strings, numbers and booleans cannot fail
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// jsonValue returns a canonical value for encoding/json.
func jsonValue(v any) any {
	switch v := v.(type) {
	case []Secret: // their number is not shown either
		return redact.Mask
	case inline:
		return jsonValue(pairs(v))
	case pairs:
		m := make(map[string]any, len(v))
		for _, p := range v {
			m[p.key] = jsonValue(p.value)
		}
		return m
	}
	return v
}

// nodeOf returns a canonical value as YAML.
func nodeOf(v any) *yaml.Node {
	switch v := v.(type) {
	case string: // ${ would begin a reference
		return scalar("!!str", strings.ReplaceAll(v, "${", "$${"))
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case Secret:
		return nodeOf(v.String())
	case []string:
		return nodesOf(v, yaml.FlowStyle)
	case []int:
		return nodesOf(v, yaml.FlowStyle)
	case []Secret:
		if len(v) == 1 {
			return nodeOf(v[0])
		}
		return nodesOf(v, yaml.FlowStyle)
	case []pairs:
		if len(v) == 0 {
			return nodesOf(v, yaml.FlowStyle)
		}
		return nodesOf(v, 0)
	case inline:
		n := nodeOf(pairs(v))
		n.Style = yaml.FlowStyle
		return n
	case pairs:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, p := range v {
			n.Content = append(n.Content, scalar("!!str", p.key), nodeOf(p.value))
		}
		return n
	}
	panic("config: a key shows a value of an unknown kind") // a mistake in the table
}

func nodesOf[T any](items []T, style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Style: style, Content: each(items, func(item T) *yaml.Node { return nodeOf(item) })}
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// each returns what of makes of each item.
func each[T, V any](list []T, of func(T) V) []V {
	made := make([]V, len(list))
	for i, item := range list {
		made[i] = of(item)
	}
	return made
}
