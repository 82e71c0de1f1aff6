package yamlnode

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// syntaxProblem returns why and where data is not YAML. The library gives only the
// line where the construct begins. That is right for a quote or a bracket that is
// not closed, and useless for an entry in the wrong column: there the place where
// the parser stopped reading is better.
func syntaxProblem(data []byte, err error) Problem {
	message, context := untangle(err)
	p := Problem{Message: "is not valid YAML: " + message, Hint: syntaxHint(message)}
	if unclosed(message) {
		// The library counts lines from 0 or from 1, and gives none for the first.
		// Parsing the text one line further down shows which it does.
		_, moved := untangle(tryParse(strings.NewReader("\n" + string(data))))
		p.Line = moved - 1
		if strings.HasPrefix(message, "did not find expected") {
			p.Line = moved
		}
	} else {
		p.Line = stoppedAt(data, message)
	}
	if p.Line < 1 {
		p.Line = max(context, 1)
	}
	line := lineAt(data, p.Line)
	p.Column = columnOf(line, message)
	if at := plainQuestion(line); at >= 0 && strings.HasPrefix(message, "did not find expected ','") {
		p.Column = utf8.RuneCountInString(line[:at]) + 1
		p.Hint = "quote the value with this ?; in events it is not a wildcard: write * for one word"
	}
	return p
}

// plainQuestion returns the offset on the line of the first ? outside quotes, or
// -1. Inside brackets the library takes it for the start of a key.
func plainQuestion(line string) int {
	quote := rune(0)
	for i, r := range line {
		switch {
		case r == quote:
			quote = 0
		case quote != 0:
		case r == '"' || r == '\'':
			quote = r
		case r == '?':
			return i
		}
	}
	return -1
}

// columnOf returns the most likely column of the problem on its line: that of the
// last sign that the message is about, or of the first letter.
func columnOf(line, message string) int {
	signs := ""
	switch message {
	case "did not find expected ',' or ']'":
		signs = "["
	case "did not find expected ',' or '}'":
		signs = "{"
	case "found unexpected end of stream":
		signs = `'"`
	case "mapping values are not allowed in this context":
		signs = ":"
	case "found a tab character that violates indentation":
		signs = "\t"
	}
	at := strings.LastIndexAny(line, signs)
	if aliased(message) {
		at = aliasIn(line)
	}
	if at < 0 {
		at = len(line) - len(strings.TrimLeft(line, " \t"))
	}
	return utf8.RuneCountInString(line[:at]) + 1
}

// aliased reports whether the message is about an alias or an anchor. It is hardly
// ever meant as one: it is a glob without its quotes.
func aliased(message string) bool {
	return message == "did not find expected alphabetic or numeric character" || strings.HasPrefix(message, "unknown anchor")
}

// aliasIn returns the offset on the line of the first alias or anchor, or -1.
func aliasIn(line string) int {
	for i := range len(line) {
		if strings.IndexByte("*&", line[i]) >= 0 && (i == 0 || strings.IndexByte(" \t[{,", line[i-1]) >= 0) {
			return i
		}
	}
	return -1
}

func tryParse(r io.Reader) error {
	_, err := parseFrom(r)
	return err
}

// untangle splits an error of the library into its message and its line.
func untangle(err error) (message string, line int) {
	if err == nil {
		return "", 0
	}
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if after, ok := strings.CutPrefix(message, "line "); ok {
		if number, rest, ok := strings.Cut(after, ": "); ok {
			line, _ = strconv.Atoi(number)
			message = rest
		}
	}
	return message, line
}

// unclosed reports whether the message is about something that is not closed.
func unclosed(message string) bool {
	switch message {
	case "did not find expected ',' or ']'", "did not find expected ',' or '}'",
		"found unexpected end of stream", "could not find expected ':'":
		return true
	}
	return false
}

// stoppedAt returns the line of the first problem: the one where the parser stopped
// reading, or one of a few before it, because the parser reads ahead.
func stoppedAt(data []byte, message string) int {
	r := &byteReader{data: data}
	if tryParse(r) == nil {
		return 0
	}
	read := trimIdle(data[:r.read])
	for range 8 {
		before := data[:bytes.LastIndexByte(read, '\n')+1]
		if m, _ := untangle(tryParse(bytes.NewReader(before))); m != message {
			break
		}
		read = trimIdle(before)
	}
	line, _ := position(data, max(0, len(read)-1))
	return line
}

// trimIdle removes blank lines and lines with only a comment from the end.
func trimIdle(data []byte) []byte {
	for {
		data = bytes.TrimRight(data, " \t\r\n")
		start := bytes.LastIndexByte(data, '\n') + 1
		if !bytes.HasPrefix(bytes.TrimLeft(data[start:], " \t"), []byte("#")) {
			return data
		}
		data = data[:start]
	}
}

// byteReader returns one byte at a time, to know how far the parser has read.
type byteReader struct {
	data []byte
	read int
}

func (b *byteReader) Read(p []byte) (int, error) {
	if b.read == len(b.data) {
		return 0, io.EOF
	}
	n := copy(p[:1], b.data[b.read:])
	b.read += n
	return n, nil
}

// syntaxHint returns what to do about the usual cause of a message.
func syntaxHint(message string) string {
	switch message {
	case "did not find expected '-' indicator", "did not find expected key":
		return "align it with the entries that it belongs to"
	case "did not find expected ',' or ']'":
		return "close the list that begins here with ]"
	case "did not find expected ',' or '}'":
		return "close the mapping that begins here with }"
	case "found unexpected end of stream":
		return "close the quote that begins here"
	case "could not find expected ':'":
		return "write a key as KEY: VALUE"
	case "mapping values are not allowed in this context":
		return `quote a value that holds ": ", or look at the indentation`
	case "found character that cannot start any token", "found a tab character that violates indentation":
		return "indent with spaces, not tabs, and quote a value that begins with @, ` or %"
	case "found unknown escape character":
		return `write \\ for a backslash in double quotes`
	}
	if aliased(message) {
		return `quote a value that begins with * or &, such as "**"`
	}
	return ""
}
