package yamlnode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// within returns the line and the column of a character of a scalar's value,
// given what stands in the file. Where the two cannot be laid side by side, as
// with an escape that is not a plain one, it is the place of the scalar.
func within(data []byte, n *yaml.Node, text string, offset int) (line, column int) {
	at := placeOf(data, n.Line, n.Column)
	switch {
	case at < 0:
		return n.Line, n.Column
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for at < len(data) && data[at] != '\n' { // the indicators
			at++
		}
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		at++
	}
	// The line end that a block ends with is no place for a problem: what follows
	// it in the file is the next key.
	last := utf8.RuneCountInString(strings.TrimRightFunc(text, isBlank)) - 1
	offset = min(offset, max(last, 0))
	for i, r := range text {
		if offset == 0 || at >= len(data) {
			break
		}
		offset--
		if isBlank(r) {
			// Line ends and indentation are folded; as much as they are, both go
			// on behind them.
			if next, _ := utf8.DecodeRuneInString(text[i+1:]); !isBlank(next) {
				at = afterBlank(data, at)
			}
			continue
		}
		if i == 0 {
			at = afterBlank(data, at)
		}
		if at = after(data, at, r, n.Style); at < 0 {
			return n.Line, n.Column
		}
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		at = afterBlank(data, at)
	}
	if at >= len(data) {
		return n.Line, n.Column
	}
	return position(data, at)
}

// placeOf is the place in data of a line and a column, or -1.
func placeOf(data []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return -1
		}
		at += end + 1
	}
	for ; column > 1; column-- {
		if at >= len(data) || data[at] == '\n' {
			return -1
		}
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	if at >= len(data) {
		return -1
	}
	return at
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

func afterBlank(data []byte, at int) int {
	for at < len(data) && isBlank(rune(data[at])) {
		at++
	}
	return at
}

// after returns the place after a character of the value, as it is written at a
// place of the file; -1 if something else stands there.
func after(data []byte, at int, r rune, style yaml.Style) int {
	if at >= len(data) {
		return -1
	}
	if style&yaml.SingleQuotedStyle != 0 && r == '\'' || style&yaml.DoubleQuotedStyle != 0 && (r == '"' || r == '\\') {
		if len(data)-at < 2 || rune(data[at+1]) != r || data[at] != '\'' && data[at] != '\\' {
			return -1
		}
		return at + 2
	}
	is, size := utf8.DecodeRune(data[at:])
	if is != r {
		return -1
	}
	return at + size
}
