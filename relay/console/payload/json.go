package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth is how deep JSON may be nested to be shown as JSON. Its indentation may take
// freeSpaces bytes, and maxSpaces for each byte of the text.
const (
	maxDepth   = 64
	maxSpaces  = 8
	freeSpaces = 16 << 10
)

// kind returns what the text is taken for.
func (x excerpt) kind() Kind {
	switch {
	case !utf8.Valid(x.text) || bytes.IndexByte(x.text, 0) >= 0:
		return Binary
	case x.isJSON():
		if tooDeep(x.text) {
			return Text
		}
		return JSON
	case x.isNDJSON():
		return NDJSON
	}
	return Text
}

// isJSON reports whether the text is one JSON value, or the beginning of one if it is
// cut.
func (x excerpt) isJSON() bool {
	if !x.cut {
		return json.Valid(x.text)
	}
	d := json.NewDecoder(bytes.NewReader(x.text))
	var value json.RawMessage
	err := d.Decode(&value)
	if err == nil {
		return len(bytes.TrimSpace(x.text[d.InputOffset():])) == 0
	}
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// isNDJSON reports whether each line of the text is a JSON value, and there are several.
func (x excerpt) isNDJSON() bool {
	values := 0
	for text := range bytes.Lines(x.text) {
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		line := excerpt{text, x.cut && !bytes.HasSuffix(text, []byte{'\n'})}
		if !line.isJSON() || tooDeep(text) {
			return false
		}
		values++
	}
	return values > 1
}

// tooDeep reports whether JSON is nested so deep that its indentation hides it.
func tooDeep(text []byte) bool {
	deepest, depth, spaces := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += len(stringOf(text[i:])) - 1
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
			spaces += 2 * depth
		case '}', ']':
			depth--
			spaces += 2 * depth
		case ',':
			spaces += 2 * depth
		}
	}
	return deepest > maxDepth || spaces > maxSpaces*len(text)+freeSpaces
}

// class is a class of tokens, as the style sheet has it.
type class string

const (
	none    class = "" // punctuation and space, which have the colour of the payload
	key     class = "k"
	quoted  class = "s"
	number  class = "n"
	literal class = "l" // true, false, null
)

// layout is the space between tokens.
type layout int

const (
	indented  layout = iota // a member a line
	asWritten               // by who wrote it
)

// eachToken calls emit with each token of JSON, in order. The text must be valid, or the
// beginning of what is.
func eachToken(text []byte, l layout, emit func(class, []byte)) {
	t := tokens{layout: l, emit: emit, space: append([]byte{'\n'}, bytes.Repeat([]byte("  "), maxDepth)...)}
	for i := 0; i < len(text); {
		i += t.next(text[i:])
	}
}

// tokens is the place in a JSON text.
type tokens struct {
	layout layout
	emit   func(class, []byte)
	space  []byte // a line end and the space of the deepest line
	open   []byte // the containers around it
	key    bool   // a string that follows is a key
}

// next emits the token that text begins with, and the space around it, and returns its
// length.
func (t *tokens) next(text []byte) int {
	switch c := text[0]; c {
	case ' ', '\t', '\n', '\r':
		if t.layout == asWritten {
			t.emit(none, text[:1])
		}
		return 1
	case '{', '[':
		t.key = c == '{'
		if n := emptyContainer(text); n > 0 && t.layout == indented {
			t.key = false
			t.emit(none, []byte{c, c + 2})
			return n
		}
		t.open = append(t.open, c)
		t.emit(none, text[:1])
		t.line()
		return 1
	case '}', ']':
		t.open, t.key = t.open[:max(0, len(t.open)-1)], false
		t.line()
		t.emit(none, text[:1])
		return 1
	case ',':
		t.key = len(t.open) > 0 && t.open[len(t.open)-1] == '{'
		t.emit(none, text[:1])
		t.line()
		return 1
	case ':':
		t.key = false
		t.emit(none, text[:1])
		if t.layout == indented {
			t.emit(none, t.space[1:2])
		}
		return 1
	case '"':
		token, of := stringOf(text), quoted
		if t.key {
			of = key
		}
		t.emit(of, token)
		return len(token)
	default:
		n := bytes.IndexAny(text, ",:]} \t\r\n")
		if n <= 0 {
			n = len(text)
		}
		of := literal
		if c == '-' || '0' <= c && c <= '9' {
			of = number
		}
		t.emit(of, text[:n])
		return n
	}
}

// line begins a line, indented by its depth.
func (t *tokens) line() {
	if t.layout == indented {
		t.emit(none, t.space[:1+2*min(len(t.open), maxDepth)])
	}
}

// emptyContainer returns the length of the container that text begins with, if nothing
// is in it, and otherwise 0.
func emptyContainer(text []byte) int {
	for i, c := range text[1:] {
		switch c {
		case ' ', '\t', '\n', '\r':
		case '}', ']':
			return i + 2
		default:
			return 0
		}
	}
	return 0
}

// stringOf returns the string that text begins with, with its quotation marks. One that
// is cut has all that is left.
func stringOf(text []byte) []byte {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return text
}
