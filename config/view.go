package config

import (
	"bytes"
	"encoding/json"
	"strconv"

	"gopkg.in/yaml.v3"
)

// pairs is a mapping whose keys keep their order, and pair one of them.
type (
	pairs []pair
	pair  struct {
		key   string
		value any
	}
)

// inline is pairs that are written in one line.
type inline pairs

// View returns the webhook as the API shows it: a JSON object of the keys that
// are set but name, as they are in the file, with secrets as ***.
func (w *Webhook) View() json.RawMessage {
	var text bytes.Buffer
	for _, p := range w.pairs(false) {
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
	switch list := v.(type) {
	case []Secret: // how many there are is nobody's business
		v = redacted
	case pairs:
		v = mapOf(list)
	case inline:
		v = mapOf(pairs(list))
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // expressions are full of < and >
	if encoder.Encode(v) != nil {
		return []byte("null") // strings, numbers and booleans cannot fail
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

func mapOf(list pairs) map[string]any {
	m := make(map[string]any, len(list))
	for _, p := range list {
		m[p.key] = p.value
	}
	return m
}

// nodeOf returns a canonical value as YAML.
func nodeOf(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return str(v)
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case []string:
		return strs(v)
	case []int:
		return ints(v)
	case []Secret:
		if len(v) == 1 {
			return str(v[0].String())
		}
		return strs(each(v, Secret.String))
	case inline:
		n := nodeOf(pairs(v))
		n.Style = yaml.FlowStyle
		return n
	case pairs:
		m := newMapping()
		for _, p := range v {
			m.add(p.key, nodeOf(p.value))
		}
		return m.Node
	}
	panic("config: a key shows a value of an unknown kind") // a mistake in the table
}
