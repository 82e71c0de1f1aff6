package manual

import (
	"regexp"
	"strings"
)

// parser reads a page block by block.
type parser struct {
	lines []string
	at    int
}

const (
	fence      = "```"
	codeIndent = "    "
)

var listItem = regexp.MustCompile(`^( *)([-*]|[0-9]+\.) +(.*)$`)

// block reads the block that begins at the current line; empty lines are none.
func (p *parser) block() (b block, ok bool) {
	line := p.lines[p.at]
	switch {
	case strings.TrimSpace(line) == "":
		p.at++
		return block{}, false
	case strings.HasPrefix(line, "#"):
		p.at++
		words := strings.TrimLeft(line, "#")
		return block{kind: heading, level: len(line) - len(words), text: readText(strings.TrimSpace(words))}, true
	case strings.HasPrefix(line, fence):
		return p.fenced(), true
	case strings.HasPrefix(line, codeIndent):
		return p.indented(), true
	case strings.HasPrefix(line, "|"):
		return p.table(), true
	}
	if match := listItem.FindStringSubmatch(line); match != nil {
		p.at++
		return block{kind: item, level: len(match[1]), mark: match[2], text: readText(p.join(match[3]))}, true
	}
	p.at++
	return block{kind: paragraph, text: readText(p.join(line))}, true
}

func (p *parser) fenced() block {
	b := block{kind: code}
	for p.at++; p.at < len(p.lines) && !strings.HasPrefix(p.lines[p.at], fence); p.at++ {
		b.lines = append(b.lines, p.lines[p.at])
	}
	p.at++
	return b
}

// indented reads indented code, which may have empty lines within.
func (p *parser) indented() block {
	b := block{kind: code}
	for ; p.at < len(p.lines); p.at++ {
		line := p.lines[p.at]
		if line != "" && !strings.HasPrefix(line, codeIndent) {
			break
		}
		b.lines = append(b.lines, strings.TrimPrefix(line, codeIndent))
	}
	for b.lines[len(b.lines)-1] == "" {
		b.lines = b.lines[:len(b.lines)-1]
	}
	return b
}

func (p *parser) table() block {
	b := block{kind: table}
	for ; p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "|"); p.at++ {
		if cells := readRow(p.lines[p.at]); cells != nil {
			b.rows = append(b.rows, cells)
		}
	}
	return b
}

// readRow returns the cells of a table's row, nil for the rule below its head.
func readRow(line string) []text {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	if strings.Trim(line, "|-: ") == "" {
		return nil
	}
	var cells []text
	for cell := range strings.SplitSeq(strings.ReplaceAll(line, `\|`, "\x00"), "|") {
		cells = append(cells, readText(strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|"))))
	}
	return cells
}

// join adds to a first line those that continue it.
func (p *parser) join(first string) string {
	parts := []string{strings.TrimSpace(first)}
	for ; p.at < len(p.lines); p.at++ {
		line := strings.TrimSpace(p.lines[p.at])
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, fence) || strings.HasPrefix(line, "|") || listItem.MatchString(line) {
			break
		}
		parts = append(parts, line)
	}
	return strings.Join(parts, " ")
}
