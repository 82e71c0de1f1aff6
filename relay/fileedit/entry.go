package fileedit

import (
	"bytes"
	"regexp"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
)

// Entry returns the entry of a webhook in the text of a file, and its own lines, nil if
// it is not there. In a file of thousands of webhooks only those lines are parsed, where
// they say all there is to know. The error is that of a text that is not valid YAML.
func Entry(text []byte, name string) (entry *yaml.Node, lines []byte, err error) {
	lines = itemOf(text, name)
	if doc, err := edit.Parse(append([]byte("webhooks:\n"), lines...)); lines != nil && err == nil {
		if list := doc.Get("webhooks"); list != nil && len(list.Content) == 1 && doc.Webhook(name) == 0 {
			return list.Content[0], lines, nil
		}
	}
	doc, err := edit.Parse(text) // it has aliases, say
	if err != nil {
		return nil, nil, err
	}
	if i := doc.Webhook(name); i >= 0 {
		return doc.Get("webhooks", i), lines, nil
	}
	return nil, nil, nil
}

// Defaults returns the mapping defaults of the text of a file, nil if there is none.
func Defaults(text []byte) (*yaml.Node, error) {
	if !bytes.Contains(text, []byte("defaults")) {
		return nil, nil
	}
	if lines := section(text, "defaults"); lines != nil {
		if doc, err := edit.Parse(lines); err == nil && doc.Get("defaults") != nil {
			return doc.Get("defaults"), nil
		}
	}
	doc, err := edit.Parse(text)
	if err != nil {
		return nil, err
	}
	return doc.Get("defaults"), nil
}

// section returns the lines of a key at the top of a file, with that of the key itself;
// nil if no line begins with it.
func section(text []byte, key string) []byte {
	from := 0
	if !bytes.HasPrefix(text, []byte(key+":")) {
		if from = bytes.Index(text, []byte("\n"+key+":")) + 1; from == 0 {
			return nil
		}
	}
	for at := nextLine(text, from); ; at = nextLine(text, at) {
		if at >= len(text) {
			return text[from:]
		}
		if c := text[at]; c != ' ' && c != '#' && c != '-' && c != '\n' && c != '\r' && c != '\t' {
			return text[from:at]
		}
	}
}

func nextLine(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// itemOf returns the lines of a webhook in a list that has lines for each, nil if they
// are not found.
func itemOf(text []byte, name string) []byte {
	list := section(text, "webhooks")
	named := regexp.MustCompile(`^ *(?:- +)?[{ ]*name: *["']?` + regexp.QuoteMeta(name) + `["']?(?:[ ,}#\r]|$)`)
	for at := 0; ; {
		i := bytes.Index(list[at:], []byte(name))
		if i < 0 {
			return nil
		}
		at += i
		start := bytes.LastIndexByte(list[:at], '\n') + 1
		end := nextLine(list, at)
		if start > 0 && named.Match(bytes.TrimRight(list[start:end], "\n")) {
			return item(list, start)
		}
		at = end
	}
}

// item returns the lines of the item of a list that the line at is one of.
func item(list []byte, at int) []byte {
	column := -1 // of the dashes of the list
	for line := nextLine(list, 0); line < len(list) && column < 0; line = nextLine(list, line) {
		column = dash(list[line:])
	}
	from := at
	for from > 0 && dash(list[from:]) != column {
		from = bytes.LastIndexByte(list[:from-1], '\n') + 1
	}
	if column < 0 || from == 0 {
		return nil
	}
	to := nextLine(list, from)
	for to < len(list) && dash(list[to:]) != column {
		to = nextLine(list, to)
	}
	for from < to { // comments above the next item are that one's
		last := bytes.LastIndexByte(list[:to-1], '\n') + 1
		if line := bytes.TrimSpace(list[last:to]); len(line) > 0 && line[0] != '#' {
			break
		}
		to = last
	}
	return bytes.Clone(list[from:to])
}

// dash returns the column of the dash that a line begins with, -1 if there is none.
func dash(line []byte) int {
	content := bytes.TrimLeft(line, " ")
	if len(content) > 1 && content[0] == '-' && (content[1] == ' ' || content[1] == '\n' || content[1] == '\r') {
		return len(line) - len(content)
	}
	return -1
}
