package edit

import "gopkg.in/yaml.v3"

// Extent is a part of the text, from one offset to before another one.
type Extent struct{ From, To int }

// Root returns the top of what the text says, nil where it has nothing but comments. It
// must not be changed.
func (d Document) Root() *yaml.Node { return d.root }

// Scalars returns where the text of each scalar stands, without its anchor and tag, and
// false where the text is not what a node says.
func (d Document) Scalars() (map[*yaml.Node]Extent, bool) {
	found := map[*yaml.Node]Extent{}
	return found, d.root == nil || d.scalars(d.root, -1, found)
}

func (d Document) scalars(n *yaml.Node, parent int, into map[*yaml.Node]Extent) bool {
	switch n.Kind {
	case yaml.AliasNode:
		return true
	case yaml.ScalarNode:
		to, ok := d.end(n, parent)
		into[n] = Extent{min(d.skipProperties(d.start(n)), to), to}
		return ok
	}
	if n.Style&yaml.FlowStyle == 0 {
		parent = d.indent(d.skipProperties(d.start(n)))
	}
	for _, below := range n.Content {
		if !d.scalars(below, parent, into) {
			return false
		}
	}
	return true
}

// Line writes a value as YAML on one line, so that it can stand after a key.
func Line(n *yaml.Node) string { return inBlock(n) }
