package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Unset takes a key away, with its value and the comments within its lines.
// Without the key, nothing changes. A mapping that had only this key becomes {}.
func (d Document) Unset(path Path) (Document, error) {
	key, parent := path[len(path)-1].(string), path[:len(path)-1]
	mapping, err := d.own(parent)
	if err != nil {
		return Document{}, err
	}
	i := keyIndex(mapping, key)
	if i < 0 {
		return d, nil
	}
	if err := unshared(mapping); err != nil {
		return Document{}, err
	}
	if err := d.replaceable(mapping.Content[i+1]); err != nil {
		return Document{}, err
	}
	change := func(root *yaml.Node) {
		m := reach(root, parent)
		m.Content = slices.Delete(m.Content, i, i+2)
	}
	flowing := mapping.Style&yaml.FlowStyle != 0
	switch {
	case flowing:
		return d.cut(mapping, i, i+2, change)
	case len(mapping.Content) == 2 && endsInKey(parent):
		return d.replace(parent, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle})
	}
	start := d.start(mapping.Content[i])
	end, ok := d.end(mapping.Content[i+1], d.indent(d.start(mapping.Content[0])))
	next, alone := d.restOfLine(end)
	if !ok || !alone {
		return Document{}, refuse(mapping.Content[i], "the lines of this value are not its own")
	}
	if d.blankBefore(start) {
		return d.commit(mapping, change, splice{d.lineStart(start), next, ""})
	}
	// It is on the line of a dash, and so the next key moves there.
	if i+2 >= len(mapping.Content) {
		return Document{}, refuse(mapping, "nothing would be left here")
	}
	following := d.start(mapping.Content[i+2])
	if strings.TrimLeft(string(d.text[end:following]), " \r\n") != "" {
		return Document{}, refuse(mapping.Content[i], "a comment here would be lost")
	}
	return d.commit(mapping, change, splice{start, following, ""})
}

// cut takes the contents from i to before j out of a mapping or sequence in
// brackets, with one of the commas around them.
func (d Document) cut(n *yaml.Node, i, j int, change func(*yaml.Node)) (Document, error) {
	from, to := d.start(n.Content[i]), 0
	end, ok := d.end(n.Content[j-1], -1)
	switch {
	case i > 0:
		var known bool
		to = end
		from, known = d.end(n.Content[i-1], -1)
		ok = ok && known
	case j < len(n.Content):
		to = d.start(n.Content[j])
	default:
		to = end
	}
	if !ok {
		return Document{}, refuse(n.Content[i], "the end of this value cannot be told")
	}
	if strings.Contains(string(d.text[from:to]), "#") && strings.ContainsAny(string(d.text[from:to]), "\r\n") {
		return Document{}, refuse(n.Content[i], "a comment here would be lost")
	}
	return d.commit(n, change, splice{from, to, ""})
}
