package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Value returns the value that a text of YAML says, as it can be set in a
// document. It has no anchors, and no aliases.
func Value(text string) (*yaml.Node, error) {
	d, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if d.root == nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
	return d.root, plainTree(d.root)
}

func plainTree(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || keyIndex(n, "<<") >= 0 {
		return errors.New("must not have anchors, aliases or merges")
	}
	for _, below := range n.Content {
		if err := plainTree(below); err != nil {
			return err
		}
	}
	return nil
}

// String returns a string as a value.
func String(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// Strings returns a list of strings as a value.
func Strings(list ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, s := range list {
		n.Content = append(n.Content, String(s))
	}
	return n
}

// Mapping returns a mapping of one key as a value.
func Mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle, Content: []*yaml.Node{String(key), value}}
}

// flow writes a value on one line, so that it means the same in a block and
// within brackets.
func flow(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		items := make([]string, len(n.Content))
		for i, item := range n.Content {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case yaml.MappingNode:
		var pairs []string
		for i := 0; i < len(n.Content); i += 2 {
			pairs = append(pairs, flow(n.Content[i])+": "+flow(n.Content[i+1]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	return scalar(n)
}

// scalar writes a scalar in its own quotes, and without any where none are needed.
func scalar(n *yaml.Node) string {
	if n.ShortTag() != "!!str" {
		if n.Style&yaml.TaggedStyle != 0 {
			return n.Tag + " " + quote(n.Value)
		}
		return n.Value
	}
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quote(n.Value)
	case n.Style&yaml.SingleQuotedStyle != 0 && printable(n.Value):
		return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
	case plain(n.Value):
		return n.Value
	}
	return quote(n.Value)
}

// printable reports whether s can stand between single quotes on one line.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || lineBreak([]byte(string(r))) > 0 || r == '\ufeff' })
}

// inBlock writes a value on one line after a key that has the line for itself, where
// a scalar may have brackets and commas without quotes.
func inBlock(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Style == 0 && n.ShortTag() == "!!str" && readsAs(n.Value, "key: "+n.Value, "key") {
		return n.Value
	}
	return flow(n)
}

// plain reports whether s needs no quotes anywhere.
func plain(s string) bool {
	return !strings.ContainsAny(s, ",[]{}") && readsAs(s, "[{key: "+s+"}, "+s+"]", 0, "key") && readsAs(s, "["+s+"]", 0)
}

// readsAs reports whether a text says the string s at path, without quotes: as the
// library reads it, and as one reads it that takes yes and off for booleans as YAML
// 1.1 does.
func readsAs(s, text string, path ...any) bool {
	switch strings.ToLower(s) {
	case "", "y", "n", "yes", "no", "on", "off":
		return false
	}
	if strings.ContainsAny(s, "#") || !printable(s) {
		return false
	}
	d, err := Parse([]byte(text))
	if err != nil {
		return false
	}
	n := d.Get(path...)
	return n != nil && n.Kind == yaml.ScalarNode && n.Style == 0 && n.Anchor == "" && n.ShortTag() == "!!str" && n.Value == s
}

// quote writes s between double quotes. A JSON string is YAML, too, except for the
// characters that YAML reads as line breaks or does not allow.
func quote(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.NewReplacer("\x7f", `\x7f`, "\u0085", `\N`, "\ufeff", `\ufeff`).Replace(strings.TrimSuffix(b.String(), "\n"))
}

// block writes a mapping over several lines, the first of which follows a dash or
// another indentation that is there already.
func block(n *yaml.Node, indent int, newline string) string {
	var lines []string
	for i := 0; i < len(n.Content); i += 2 {
		lines = append(lines, fmt.Sprintf("%s: %s", flow(n.Content[i]), inBlock(n.Content[i+1])))
	}
	return strings.Join(lines, newline+strings.Repeat(" ", indent))
}
