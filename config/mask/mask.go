// Package mask shows the text of webhooks.yaml, or of a file of include, without its
// secrets.
//
// It promises that nothing of a secret's value is shown, wherever the file has it: in a
// secret or a token, in a header or a parameter that credentials travel under, in a URL,
// in the value of a misspelt key, in an alias or a comment. It knows secrets by the node
// they are, not by how they look, and shows only what is known not to be a secret. If the
// text is not valid YAML, it shows keys, and values that cannot be secrets. Each line
// stays on its line, so that the number of a line means the same.
//
// The relay calls it for the console.
package mask

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
	"sidehook/config/redact"
)

// Text returns the text of a file with its secrets masked.
func Text(text []byte) []byte {
	doc, err := edit.Parse(text)
	if err != nil {
		return broken(text)
	}
	return Document(doc)
}

// Document returns the text of a document with its secrets masked.
func Document(doc edit.Document) []byte {
	text := doc.Text()
	if doc.Root() == nil {
		return overComments(text, nil)
	}
	h := newHidden()
	h.walk(doc.Root(), "file")
	scalars, ok := doc.Scalars()
	if !ok {
		return broken(text)
	}
	var parts []part
	for n, at := range scalars {
		shown, hidden := h.show[n]
		parts = append(parts, part{at.From, at.To, shown, hidden})
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(parts); i++ {
		if parts[i].from < parts[i-1].to {
			return broken(text)
		}
	}
	masked := overComments(text, parts)
	// A known secret is hidden wherever else it stands.
	for _, value := range h.long() {
		masked = bytes.ReplaceAll(masked, []byte(value), []byte(redact.Mask))
	}
	if bytes.Count(masked, []byte("\n")) != bytes.Count(text, []byte("\n")) {
		return broken(text)
	}
	return masked
}

// least is the length from which the value of a secret is looked for elsewhere in the text.
// A shorter one is not allowed as a secret, and may be a part of any word.
const least = 8

// long returns the hidden values, each line of them, the longest first.
func (h *hidden) long() (list []string) {
	for value := range h.values {
		for line := range strings.SplitSeq(value, "\n") {
			if line = strings.TrimSpace(line); len(line) >= least {
				list = append(list, line)
			}
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(list)
}

// part is a scalar in the text, and what is shown in its place.
type part struct {
	from, to int
	shown    string
	hidden   bool
}

// overComments writes a text with its parts, and with masked comments between them.
func overComments(text []byte, parts []part) []byte {
	var out bytes.Buffer
	done := 0
	for _, p := range parts {
		out.Write(comments(text[done:p.from]))
		if p.hidden {
			out.WriteString(overLines(string(text[p.from:p.to]), p.shown))
		} else {
			out.Write(text[p.from:p.to])
		}
		done = p.to
	}
	out.Write(comments(text[done:]))
	return out.Bytes()
}

// overLines writes a mask over a scalar, on each of its lines.
func overLines(scalar, mask string) string {
	lines := strings.Split(scalar, "\n")
	for i, line := range lines {
		switch content := strings.TrimLeft(line, " \t"); {
		case i == 0:
			lines[0] = mask
		case strings.TrimSpace(content) == "":
		default:
			lines[i] = line[:len(line)-len(content)] + redact.Mask
		}
	}
	return strings.Join(lines, "\n")
}

// A Value is a value of the file that can be shown.
type Value struct {
	Node   *yaml.Node // with masked secrets
	Hidden bool       // there are some
}

// Key returns the value of a key of a webhook as it can be shown.
func Key(key string, n *yaml.Node) Value {
	h := newHidden()
	rule, known := rules["webhook"][key]
	if !known {
		rule = "hide"
	}
	h.walk(n, rule)
	return Value{Node: h.over(n, 0), Hidden: len(h.show) > 0}
}

// over returns a copy of a node with its secrets masked, and without anchors and aliases.
func (h *hidden) over(n *yaml.Node, depth int) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	shown, hidden := h.show[n]
	if hidden || depth > 16 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: cmp.Or(shown, redact.Mask)}
	}
	c := *n
	c.Anchor, c.Content = "", nil
	for _, below := range n.Content {
		c.Content = append(c.Content, h.over(below, depth+1))
	}
	return &c
}
