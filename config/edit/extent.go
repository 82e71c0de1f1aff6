package edit

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// lineBreak returns how many bytes the line break at the start of text has, 0 if
// there is none. YAML 1.1, and so the library, knows five.
func lineBreak(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("\r\n")):
		return 2
	case len(text) > 0 && (text[0] == '\n' || text[0] == '\r'):
		return 1
	case bytes.HasPrefix(text, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(text, []byte("\u2028")), bytes.HasPrefix(text, []byte("\u2029")):
		return 3
	}
	return 0
}

// lineStarts returns the offset of each line of a text.
func lineStarts(text []byte) []int {
	starts := []int{0}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		starts[0] = len("\ufeff")
	}
	for at := starts[0]; at < len(text); at++ {
		switch text[at] {
		case '\n', '\r', 0xc2, 0xe2: // with which a line break begins
			if size := lineBreak(text[at:]); size > 0 {
				at += size - 1
				starts = append(starts, at+1)
			}
		}
	}
	return starts
}

// start returns the offset of the first byte of a node. The library counts lines
// from 1 and columns from 1, in characters. It may place a value that is not written
// where the next thing stands, on whatever line; here it follows what is before it.
func (d Document) start(n *yaml.Node) int {
	at := len(d.text)
	if n.Line <= len(d.starts) {
		at = d.starts[max(n.Line, 1)-1]
	}
	for column := 1; column < n.Column && at < len(d.text); column++ {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Anchor == "" {
		return d.afterText(at)
	}
	return at
}

// afterText returns the offset after the last byte before at that is neither blank
// nor a line break.
func (d Document) afterText(at int) int {
	return len(bytes.TrimRight(d.text[:at], " \t\r\n"))
}

// nextLine returns the offset of the line after the one that at is on.
func (d Document) nextLine(at int) int {
	for at < len(d.text) {
		if size := lineBreak(d.text[at:]); size > 0 {
			return at + size
		}
		at++
	}
	return at
}

// lineStart returns the offset of the line that at is on.
func (d Document) lineStart(at int) int {
	for i := at - 1; i >= 0; i-- {
		// A break of several bytes that ends at at begins before it.
		if size := lineBreak(d.text[i:]); size > 0 && i+size <= at {
			return i + size
		}
	}
	if at > 0 && bytes.HasPrefix(d.text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// lineText returns the line that at is on, without its break.
func (d Document) lineText(at int) string {
	line := d.text[d.lineStart(at):d.nextLine(at)]
	return strings.TrimRight(string(line), "\r\n\u0085\u2028\u2029")
}

// indent returns the column, from 0 and in characters, of an offset.
func (d Document) indent(at int) int {
	return utf8.RuneCount(d.text[d.lineStart(at):at])
}

// blankBefore reports whether at is the first byte on its line that is not blank.
func (d Document) blankBefore(at int) bool {
	return strings.Trim(string(d.text[d.lineStart(at):at]), " ") == ""
}

// restOfLine returns the offset of the next line if nothing but a comment stands
// from at to there, and false otherwise.
func (d Document) restOfLine(at int) (int, bool) {
	next := d.nextLine(at)
	rest := strings.TrimLeft(d.lineText(at)[at-d.lineStart(at):], " \t")
	return next, rest == "" || rest[0] == '#'
}

// skipSpace returns the first offset from at on that is neither blank, nor a line
// break, nor in a comment, nor one of the other characters given.
func (d Document) skipSpace(at int, others string) int {
	for at < len(d.text) {
		c := d.text[at]
		switch size := lineBreak(d.text[at:]); {
		case size > 0:
			at += size
		case c == ' ' || c == '\t' || strings.IndexByte(others, c) >= 0:
			at++
		case c == '#':
			at = d.nextLine(at)
		default:
			return at
		}
	}
	return at
}

// end returns the offset after the last byte of a node, which stands in a block
// whose lines are indented by parent characters (-1 at the top). It returns false
// where the text is not what the node says, so that a splice would be a guess.
func (d Document) end(n *yaml.Node, parent int) (int, bool) {
	at := d.start(n)
	if n.Kind == yaml.AliasNode {
		return at + 1 + len(n.Value), bytes.HasPrefix(d.text[at:], []byte("*"+n.Value))
	}
	at = d.skipProperties(at)
	switch {
	case n.Kind == yaml.ScalarNode:
		return d.scalarEnd(n, at, parent)
	case len(n.Content) > 0:
		indent := parent
		if n.Style&yaml.FlowStyle == 0 {
			indent = d.indent(at)
		}
		last := n.Content[len(n.Content)-1]
		end, ok := d.end(last, indent)
		if !ok || n.Style&yaml.FlowStyle == 0 || at >= len(d.text) || d.text[at] != '{' && d.text[at] != '[' {
			return end, ok // a pair in a flow sequence needs no braces
		}
		at = end
	case n.Style&yaml.FlowStyle == 0:
		return at, false
	default:
		at++ // into the brackets
	}
	at = d.skipSpace(at, ",")
	closed := at < len(d.text) && (d.text[at] == ']' || d.text[at] == '}')
	return at + 1, closed
}

// skipProperties returns the offset after the anchor and the tag that may stand
// before a node's own text.
func (d Document) skipProperties(at int) int {
	for at < len(d.text) && (d.text[at] == '&' || d.text[at] == '!') {
		for at < len(d.text) && d.text[at] != ' ' && d.text[at] != '\t' && lineBreak(d.text[at:]) == 0 {
			at++
		}
		at = d.skipSpace(at, "")
	}
	return at
}

func (d Document) scalarEnd(n *yaml.Node, at, parent int) (int, bool) {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		for i := at + 1; i < len(d.text); i++ {
			switch d.text[i] {
			case '\\':
				i++
			case '"':
				return i + 1, d.text[at] == '"'
			}
		}
		return at, false
	case n.Style&yaml.SingleQuotedStyle != 0:
		for i := at + 1; i < len(d.text); i++ {
			if d.text[i] != '\'' {
				continue
			}
			if i+1 < len(d.text) && d.text[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, d.text[at] == '\''
		}
		return at, false
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.blockScalarEnd(at, parent), at < len(d.text) && (d.text[at] == '|' || d.text[at] == '>')
	}
	return d.plainEnd(n.Value, at)
}

// blockScalarEnd returns the offset after the last line of a literal or folded
// scalar that has text, without its line break. Lines belong to it as long as
// they are indented by more than parent.
func (d Document) blockScalarEnd(at, parent int) int {
	end := at + len(d.lineText(at)[at-d.lineStart(at):])
	for line := d.nextLine(at); line < len(d.text); line = d.nextLine(line) {
		text := d.lineText(line)
		content := strings.TrimLeft(text, " ")
		if content == "" {
			continue
		}
		if len(text)-len(content) <= parent {
			break
		}
		end = line + len(text)
	}
	return end
}

// plainEnd returns the offset after a scalar without quotes. The library folds
// the lines of one that has several, so the words are what must be the same.
func (d Document) plainEnd(value string, at int) (int, bool) {
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\n\u0085\u2028\u2029", r) }) {
		for at < len(d.text) {
			size := lineBreak(d.text[at:])
			if size == 0 && (d.text[at] == ' ' || d.text[at] == '\t') {
				size = 1
			}
			if size == 0 {
				break
			}
			at += size
		}
		if !bytes.HasPrefix(d.text[at:], []byte(word)) {
			return at, false
		}
		at += len(word)
	}
	if value == "" {
		at = d.afterText(at)
	}
	return at, true
}
