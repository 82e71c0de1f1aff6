package yamlnode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// within returns the line and the column of a character of a scalar's value in the
// text of the file. If the value and the text cannot be matched, as with most
// escapes, it returns the position of the scalar.
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
	// A problem at the line end that ends a block would point to the next key.
	last := utf8.RuneCountInString(strings.TrimRightFunc(text, isBlank)) - 1
	offset = min(offset, max(last, 0))
	for i, r := range text {
		if offset == 0 || at >= len(data) {
			break
		}
		offset--
		if isBlank(r) {
			// YAML folds line ends and indentation, so skip all blanks in both.
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

// placeOf returns the offset in data of a line and a column, or -1.
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

// after returns the offset after a character of the value, given the offset where
// the file should have it; -1 if something else is there.
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
