package yamlnode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Root returns the top of the file's only document; nil after it has reported
// that there is none that could be read.
func (r *Reader) Root() *Value {
	if i, message, hint := unreadable(r.data); i >= 0 {
		line, column := position(r.data, i)
		r.add(Problem{Line: line, Column: column, Message: message, Hint: hint})
		return nil
	}
	docs, err := documents(r.data)
	if err != nil {
		r.add(syntaxProblem(r.data, err))
		return nil
	}
	if len(docs) == 0 || isNull(docs[0].Content[0]) {
		r.add(Problem{Line: 1, Column: 1, Message: "is empty", Hint: "write webhooks: [] for none"})
		return nil
	}
	if len(docs) > 1 {
		n := docs[1]
		r.add(Problem{Line: n.Line, Column: n.Column, Message: "begins a second document", Hint: "remove --- and keep one document a file"})
	}
	return &Value{Node: docs[0].Content[0], file: r.file}
}

// documents parses data up to its second document.
func documents(data []byte) ([]*yaml.Node, error) {
	return parseFrom(bytes.NewReader(data))
}

func parseFrom(r io.Reader) (list []*yaml.Node, err error) {
	// The library panics on some inputs. A half-written file must not end the
	// relay.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be parsed: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(r)
	for len(list) < 2 {
		n := new(yaml.Node)
		if err := decoder.Decode(n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// unreadable returns the first offset of data that is not text, why, and what to
// do; -1 if all of data is text.
func unreadable(data []byte) (at int, why, hint string) {
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			return at, "is not UTF-8 here", "save the file as UTF-8"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return at, "has a control character here", ""
		}
		at += size
	}
	return -1, "", ""
}

// position returns the line and the column, in characters, of a place in data.
func position(data []byte, at int) (line, column int) {
	before := data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// lineAt returns the text of a line.
func lineAt(data []byte, line int) string {
	for range line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return string(text)
}
