package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Set gives the value at path, which ends in a key, another value, or adds the
// key. A value over several lines becomes one line, but for a list of scalars
// with a line each: there only the lines go and come that must. A key that is
// added stands after those before it in order that are there, and at the end if
// it is not in order. Mappings on the way that are not there are made.
func (d Document) Set(path Path, value *yaml.Node, order []string) (Document, error) {
	key := path[len(path)-1].(string)
	mapping, err := d.own(path[:len(path)-1])
	switch {
	case err != nil:
		return Document{}, err
	case mapping == nil && len(path) == 1:
		return d.begin(key, value)
	case endsInKey(path[:len(path)-1]) && (mapping == nil || mapping.Kind == yaml.ScalarNode && mapping.ShortTag() == "!!null"):
		return d.Set(path[:len(path)-1], Mapping(key, value), order)
	}
	if err := unshared(mapping); err != nil {
		return Document{}, err
	}
	if mapping.Kind != yaml.MappingNode {
		return Document{}, refuse(mapping, "this is not a mapping, so that it has no "+key)
	}
	i := keyIndex(mapping, key)
	if i < 0 {
		return d.insert(path, mapping, value, order)
	}
	old := mapping.Content[i+1]
	if same(old, value) {
		return d, nil
	}
	if err := d.replaceable(old); err != nil {
		return Document{}, err
	}
	if rows(old) && old.Style&yaml.FlowStyle == 0 && rows(value) {
		return d.setRows(path, old, value)
	}
	if n := commented(old); n != nil {
		return Document{}, refuse(n, "a comment here would be lost")
	}
	return d.replace(path, value)
}

func endsInKey(path Path) bool {
	if len(path) == 0 {
		return false
	}
	_, ok := path[len(path)-1].(string)
	return ok
}

// begin makes the first key of a document that has none.
func (d Document) begin(key string, value *yaml.Node) (Document, error) {
	newline := d.newline()
	line := flow(String(key)) + ": " + inBlock(value) + newline
	if len(d.text) > 0 && !strings.HasSuffix(string(d.text), newline) {
		line = newline + line
	}
	return d.commit(nil, func(root *yaml.Node) { put(root, key, value) }, splice{len(d.text), len(d.text), line})
}

// replaceable refuses what others share with a value that is to go.
func (d Document) replaceable(old *yaml.Node) error {
	if old.Kind == yaml.AliasNode {
		return unshared(old)
	}
	return unsharedWhole(old)
}

// rows reports whether n is a list of at least one item, all of them scalars.
func rows(n *yaml.Node) bool {
	return n.Kind == yaml.SequenceNode && len(n.Content) > 0 && !slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return item.Kind != yaml.ScalarNode })
}

// setRows makes a list of another one by adding rows at the end and taking rows
// away, so that those that stay keep their comments. Where that is not enough,
// the list is written anew.
func (d Document) setRows(path Path, old, value *yaml.Node) (Document, error) {
	kept, next := make([]bool, len(old.Content)), 0
	for i, row := range old.Content {
		if next < len(value.Content) && same(row, value.Content[next]) {
			kept[i], next = true, next+1
		}
	}
	changed, err := d, error(nil)
	for _, row := range value.Content[next:] {
		if changed, err = changed.Append(path, row); err != nil {
			return Document{}, err
		}
	}
	for i, keep := range slices.Backward(kept) {
		if keep {
			continue
		}
		if changed, err = changed.Remove(path, i); err != nil {
			return Document{}, err
		}
	}
	return changed, nil
}

// commented returns a node within n that a comment belongs to, nil if none has one.
func commented(n *yaml.Node) *yaml.Node {
	for _, below := range n.Content {
		if below.HeadComment != "" || below.LineComment != "" || below.FootComment != "" {
			return below
		}
		if found := commented(below); found != nil {
			return found
		}
	}
	return nil
}

// put makes the change on the tree that setting a key is.
func put(mapping *yaml.Node, key string, value *yaml.Node) {
	if i := keyIndex(mapping, key); i >= 0 {
		mapping.Content[i+1] = value
		return
	}
	mapping.Content = append(mapping.Content, String(key), value)
}

// reach returns the node of a tree at path, which is there.
func reach(root *yaml.Node, path Path) *yaml.Node { return Document{root: root}.Get(path...) }

// colon returns the offset after the colon of a key.
func (d Document) colon(key *yaml.Node, indent int) (int, bool) {
	end, ok := d.end(key, indent)
	if !ok {
		return 0, false
	}
	end = d.skipSpace(end, "")
	return end + 1, end < len(d.text) && d.text[end] == ':'
}

// replace writes another value for a key, on one line.
func (d Document) replace(path Path, value *yaml.Node) (Document, error) {
	key, parent := path[len(path)-1].(string), path[:len(path)-1]
	mapping := d.Get(parent...)
	i := keyIndex(mapping, key)
	old := mapping.Content[i+1]
	indent := d.indent(d.start(mapping.Content[0]))
	start := d.start(old)
	end, ok := d.end(old, indent)
	text := d.text
	change := func(root *yaml.Node) { put(reach(root, parent), key, value) }
	if !ok {
		return Document{}, refuse(old, "the end of this value cannot be told")
	}
	if old.Kind != yaml.ScalarNode && old.Style&yaml.FlowStyle == 0 && old.Line > mapping.Content[i].Line {
		colon, ok := d.colon(mapping.Content[i], indent)
		next, alone := d.restOfLine(end)
		if !ok || !alone || !d.blankBefore(start) {
			return Document{}, refuse(old, "the lines of this value are not its own")
		}
		return d.commit(old, change, splice{colon, colon, " " + inBlock(value)}, splice{d.lineStart(start), next, ""})
	}
	write := inBlock
	if mapping.Style&yaml.FlowStyle != 0 {
		write = flow
	}
	with := write(styled(value, old))
	if start == end && start > 0 && text[start-1] == ':' {
		with = " " + with
	}
	return d.commit(old, change, splice{start, end, with})
}

// styled returns value in the quotes that old stood in.
func styled(value, old *yaml.Node) *yaml.Node {
	quotes := old.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
	if value.Kind != yaml.ScalarNode || value.Style != 0 || quotes == 0 {
		return value
	}
	c := *value
	c.Style = quotes
	return &c
}

// insert adds a key to a mapping.
func (d Document) insert(path Path, mapping, value *yaml.Node, order []string) (Document, error) {
	key, parent := path[len(path)-1].(string), path[:len(path)-1]
	place := neighbor(mapping, key, order)
	change := func(root *yaml.Node) {
		m := reach(root, parent)
		m.Content = slices.Insert(m.Content, place, String(key), value)
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		pair := flow(String(key)) + ": " + flow(value)
		if len(mapping.Content) == 0 {
			inside := d.skipProperties(d.start(mapping)) + 1
			return d.commit(mapping, change, splice{inside, inside, pair})
		}
		if mapping.Content[0].Style&yaml.DoubleQuotedStyle != 0 {
			pair = quote(key) + ": " + flow(value)
		}
		before := mapping.Content[place-1]
		end, ok := d.end(before, -1)
		if !ok {
			return Document{}, refuse(before, "the end of this value cannot be told")
		}
		return d.commit(mapping, change, splice{end, end, ", " + pair})
	}
	indent := d.indent(d.start(mapping.Content[0]))
	before := mapping.Content[place-1]
	end, ok := d.end(before, indent)
	next, alone := d.restOfLine(end)
	if !ok || !alone {
		return Document{}, refuse(before, "the lines of this value are not its own")
	}
	line := strings.Repeat(" ", indent) + flow(String(key)) + ": " + inBlock(value)
	return d.commit(mapping, change, d.lines(next, line))
}

// neighbor returns the place in the contents of a mapping where a new key comes:
// after the last of those before it in order, and else at the end.
func neighbor(mapping *yaml.Node, key string, order []string) int {
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		if other := slices.Index(order, mapping.Content[i].Value); other >= 0 && other < slices.Index(order, key) {
			return i + 2
		}
	}
	return len(mapping.Content)
}

// lines is the splice that adds whole lines at an offset where a line begins or
// the text ends.
func (d Document) lines(at int, text string) splice {
	newline := d.newline()
	if at > 0 && at == d.lineStart(at) || len(d.text) == 0 {
		return splice{at, at, text + newline}
	}
	return splice{at, at, newline + text} // the last line has no break, and so it stays
}

// newline returns the line break that the text uses.
func (d Document) newline() string {
	if i := strings.IndexByte(string(d.text), '\n'); i > 0 && d.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
