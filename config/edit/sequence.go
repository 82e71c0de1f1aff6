package edit

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Append adds a value at the end of the list at path, which ends in a key. A
// mapping in a list with a line for each item is written with a line for each of
// its keys, and with a blank line before it if the last items have one. A list
// that is not there is made.
func (d Document) Append(path Path, value *yaml.Node) (Document, error) {
	key, parent := path[len(path)-1].(string), path[:len(path)-1]
	mapping, err := d.own(parent)
	if err != nil {
		return Document{}, err
	}
	list := child(mapping, key)
	change := func(root *yaml.Node) {
		m := reach(root, parent)
		n := child(m, key)
		if n == nil || n.Kind != yaml.SequenceNode {
			n = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			put(m, key, n)
		}
		n.Content = append(n.Content, value)
	}
	if list == nil || list.Kind == yaml.ScalarNode && list.ShortTag() == "!!null" {
		if mapping != nil && mapping.Style&yaml.FlowStyle != 0 {
			return d.Set(path, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{value}}, nil)
		}
		return d.firstItem(mapping, key, value, change)
	}
	if err := unshared(list); err != nil {
		return Document{}, err
	}
	if list.Kind != yaml.SequenceNode {
		return Document{}, refuse(list, key+" is not a list")
	}
	if list.Style&yaml.FlowStyle != 0 {
		if len(list.Content) == 0 && mapping.Style&yaml.FlowStyle == 0 && value.Kind == yaml.MappingNode {
			return d.firstItem(mapping, key, value, change)
		}
		return d.appendFlow(list, value, change)
	}
	last := len(list.Content) - 1
	dash, ok := d.dash(list, last)
	end, known := d.end(list.Content[last], d.indent(dash))
	next, alone := d.restOfLine(end)
	if !ok || !known || !alone || !d.blankBefore(dash) {
		return Document{}, refuse(list.Content[last], "the lines of this item are not its own")
	}
	next = d.innerComments(next, d.indent(dash))
	width := 2
	if content := d.start(list.Content[last]); list.Content[last].Line == d.lineOf(dash) && content > dash {
		width = content - dash
	}
	text := d.item(value, d.indent(dash), width)
	if last > 0 && d.blankLineBefore(dash) {
		text = d.newline() + text
	}
	return d.commit(list, change, d.lines(next, text))
}

// item writes a value as an item of a list, with a dash at a column and its
// content width characters after it.
func (d Document) item(value *yaml.Node, column, width int) string {
	text := flow(value)
	if value.Kind == yaml.MappingNode && len(value.Content) > 0 {
		text = block(value, column+width, d.newline())
	}
	return strings.Repeat(" ", column) + "-" + strings.Repeat(" ", width-1) + text
}

// firstItem writes the first item of a list that is not there, null or [].
func (d Document) firstItem(mapping *yaml.Node, key string, value *yaml.Node, change func(*yaml.Node)) (Document, error) {
	i := keyIndex(mapping, key)
	if mapping == nil || len(mapping.Content) == 0 {
		at := len(d.text)
		if mapping != nil { // the whole document is {}
			return Document{}, refuse(mapping, "the document is {}")
		}
		return d.commit(nil, change, d.lines(at, key+":"+d.newline()+d.item(value, 2, 2)))
	}
	indent := d.indent(d.start(mapping.Content[0]))
	place := i
	if i < 0 {
		place = len(mapping.Content) - 2
	}
	end, ok := d.end(mapping.Content[place+1], indent)
	next, alone := d.restOfLine(end)
	if !ok || !alone {
		return Document{}, refuse(mapping.Content[place], "the lines of this value are not its own")
	}
	if i < 0 {
		head := strings.Repeat(" ", indent) + key + ":" + d.newline()
		return d.commit(mapping, change, d.lines(next, head+d.item(value, indent+2, 2)))
	}
	colon, ok := d.colon(mapping.Content[i], indent)
	if !ok {
		return Document{}, refuse(mapping.Content[i], "the end of this key cannot be told")
	}
	return d.commit(mapping, change, splice{colon, end, ""}, d.lines(next, d.item(value, indent+2, 2)))
}

func (d Document) appendFlow(list, value *yaml.Node, change func(*yaml.Node)) (Document, error) {
	if len(list.Content) == 0 {
		inside := d.skipProperties(d.start(list)) + 1
		return d.commit(list, change, splice{inside, inside, flow(value)})
	}
	last := list.Content[len(list.Content)-1]
	end, ok := d.end(last, -1)
	if !ok {
		return Document{}, refuse(last, "the end of this value cannot be told")
	}
	return d.commit(list, change, splice{end, end, ", " + flow(styled(value, last))})
}

// dash returns the offset of the dash of an item.
func (d Document) dash(list *yaml.Node, item int) (int, bool) {
	at := d.skipProperties(d.start(list))
	if item > 0 {
		end, ok := d.end(list.Content[item-1], d.indent(at))
		if !ok {
			return 0, false
		}
		at = d.skipSpace(end, "")
	}
	return at, at < len(d.text) && d.text[at] == '-'
}

// lineOf returns the number of the line, from 1, that an offset is on.
func (d Document) lineOf(at int) int {
	line := 1
	for next := d.nextLine(0); next <= at && next < len(d.text); next = d.nextLine(next) {
		line++
	}
	return line
}

// innerComments returns the offset of the first line from at on that is no comment
// indented by more than column: those before it belong to the item above them.
func (d Document) innerComments(at, column int) int {
	for at < len(d.text) && d.lineStart(at) == at {
		text := d.lineText(at)
		comment := strings.TrimLeft(text, " ")
		if comment == "" || comment[0] != '#' || len(text)-len(comment) <= column {
			break
		}
		at = d.nextLine(at)
	}
	return at
}

// blankLineBefore reports whether the line before the one that at is on is blank.
func (d Document) blankLineBefore(at int) bool {
	start := d.lineStart(at)
	return start > 0 && strings.TrimSpace(d.lineText(start-1)) == ""
}

// Remove takes an item out of the list at path, with the comments within its lines
// and with the blank line before it if another one or the end of the text follows.
// A comment above the item stays. A list that had only this item becomes [].
func (d Document) Remove(path Path, item int) (Document, error) {
	list, err := d.own(path)
	if err != nil {
		return Document{}, err
	}
	if list == nil || list.Kind != yaml.SequenceNode || item >= len(list.Content) {
		return d, nil
	}
	if err := unshared(list); err != nil {
		return Document{}, err
	}
	if err := d.replaceable(list.Content[item]); err != nil {
		return Document{}, err
	}
	change := func(root *yaml.Node) {
		n := reach(root, path)
		n.Content = slices.Delete(n.Content, item, item+1)
	}
	if list.Style&yaml.FlowStyle != 0 {
		return d.cut(list, item, item+1, change)
	}
	if len(list.Content) == 1 {
		return d.replace(path, Strings())
	}
	dash, ok := d.dash(list, item)
	end, known := d.end(list.Content[item], d.indent(dash))
	next, alone := d.restOfLine(end)
	if !ok || !known || !alone || !d.blankBefore(dash) {
		return Document{}, refuse(list.Content[item], "the lines of this item are not its own")
	}
	next = d.innerComments(next, d.indent(dash))
	from := d.lineStart(dash)
	if d.blankLineBefore(from) && (next >= len(d.text) || strings.TrimSpace(d.lineText(next)) == "") {
		from = d.lineStart(from - 1)
	}
	return d.commit(list, change, splice{from, next, ""})
}
