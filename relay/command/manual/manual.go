// Package manual reads the pages of the manual, which are Markdown in the folders
// that own their subjects, and prints them: on a terminal, as plain text, and as
// man pages.
//
// It reads what the pages use of Markdown: headings, paragraphs, lists, tables,
// blocks of code, and within a line code, bold text and links. It promises:
//
//	M1. No word of a page is lost or changed.
//	M2. Only blocks of code are wider than the screen.
//
// The commands help and man call it.
package manual

import "strings"

// Page is a page, or a part of one.
type Page []block

// block is a part of a page; its kind decides which fields it has.
type block struct {
	kind  kind
	level int      // of a heading, from 1; of an item of a list, its indentation
	text  text     // of a heading, a paragraph or an item
	mark  string   // of an item: its bullet or number
	lines []string // of code
	rows  [][]text // of a table; the first is its head
}

type kind int

const (
	heading kind = iota
	paragraph
	item
	code
	table
)

// Read reads Markdown.
func Read(markdown string) Page {
	p := parser{lines: strings.Split(strings.TrimRight(markdown, "\n"), "\n")}
	var page Page
	for p.at < len(p.lines) {
		if b, ok := p.block(); ok {
			page = append(page, b)
		}
	}
	return page
}

// Title returns the text of the first heading.
func (page Page) Title() string {
	for _, b := range page {
		if b.kind == heading {
			return b.text.plain()
		}
	}
	return ""
}

// Headings returns the headings of a level.
func (page Page) Headings(level int) []string {
	var names []string
	for _, b := range page {
		if b.kind == heading && b.level == level {
			names = append(names, b.text.plain())
		}
	}
	return names
}

// Sections returns the sections with these headings of level 2, each up to the
// next one, in the order of the page.
func (page Page) Sections(names ...string) Page {
	var (
		part   Page
		within bool
	)
	for _, b := range page {
		if b.kind == heading && b.level <= 2 {
			within = false
			for _, name := range names {
				within = within || b.level == 2 && b.text.plain() == name
			}
		}
		if within {
			part = append(part, b)
		}
	}
	return part
}

// AddHeading adds a heading.
func (page *Page) AddHeading(level int, words string) {
	*page = append(*page, block{kind: heading, level: level, text: text{{words, normal}}})
}

// AddParagraph adds a paragraph, whose words are not Markdown.
func (page *Page) AddParagraph(words string) {
	*page = append(*page, block{kind: paragraph, text: text{{strings.Join(strings.Fields(words), " "), normal}}})
}

// AddCode adds lines of code, without the two spaces that an example begins with.
func (page *Page) AddCode(lines string) {
	lines = strings.ReplaceAll("\n"+lines, "\n  ", "\n")[1:]
	*page = append(*page, block{kind: code, lines: strings.Split(lines, "\n")})
}

// AddTable adds rows of cells, below an empty head.
func (page *Page) AddTable(rows [][]string) {
	b := block{kind: table, rows: [][]text{{{}, {}}}}
	for _, row := range rows {
		var cells []text
		for _, cell := range row {
			cells = append(cells, text{{cell, normal}})
		}
		b.rows = append(b.rows, cells)
	}
	*page = append(*page, b)
}
