package manual

import (
	"slices"
	"strings"

	"sidehook/relay/command/terminal"
)

// pipedWidth is the width of a text that goes to no terminal, and mostWidth that
// of a paragraph on a wide one.
const (
	pipedWidth = 100
	mostWidth  = 110
	leastCell  = 8
	gap        = "  "
)

// Print prints a page. On a screen with colours headings and code are bold;
// elsewhere code keeps its quotes.
func (page Page) Print(to *terminal.Screen) {
	p := printer{to: to, width: pipedWidth}
	if to.Width > 0 {
		p.width = min(to.Width, mostWidth)
	}
	for i, b := range page {
		if i > 0 && !(b.kind == item && page[i-1].kind == item) {
			to.Line()
		}
		p.print(b)
	}
}

type printer struct {
	to    *terminal.Screen
	width int
}

func (p printer) print(b block) {
	switch b.kind {
	case heading:
		title := b.text.plain()
		if b.level <= 2 {
			title = strings.ToUpper(title)
		}
		p.to.Line(p.to.Paint(terminal.Bold, title))
	case paragraph:
		for _, line := range p.wrap(b.text, p.width) {
			p.to.Line(p.paint(line))
		}
	case item:
		first := strings.Repeat(" ", b.level) + b.mark + " "
		for i, line := range p.wrap(b.text, p.width-len(first)) {
			if i > 0 {
				first = strings.Repeat(" ", len(first))
			}
			p.to.Line(first, p.paint(line))
		}
	case code:
		for _, line := range b.lines {
			p.to.Line(strings.TrimRight(codeIndent+strings.ReplaceAll(line, "\t", codeIndent), " "))
		}
	case table:
		p.table(b.rows)
	}
}

// table prints rows in columns, and wraps cells where they do not fit.
func (p printer) table(rows [][]text) {
	widths := p.columns(rows)
	for i, row := range rows {
		if i == 0 && blank(row) {
			continue
		}
		cells, height := make([][]text, len(row)), 0
		for j, cell := range row {
			if i == 0 {
				cell = text{{cell.plain(), bold}}
			}
			cells[j] = p.wrap(cell, widths[j])
			height = max(height, len(cells[j]))
		}
		for line := range height {
			var b strings.Builder
			for j := range cells {
				if j > 0 {
					b.WriteString(gap)
				}
				var t text
				if line < len(cells[j]) {
					t = cells[j][line]
				}
				b.WriteString(p.paint(t))
				if j < len(cells)-1 {
					b.WriteString(strings.Repeat(" ", max(0, widths[j]-p.measure(t))))
				}
			}
			p.to.Line(strings.TrimRight(b.String(), " "))
		}
	}
}

// blank reports whether all cells of a row are empty.
func blank(row []text) bool {
	return !slices.ContainsFunc(row, func(cell text) bool { return cell.plain() != "" })
}

// columns returns the widths of a table's columns. Where they do not fit, the
// widest one gets narrower.
func (p printer) columns(rows [][]text) []int {
	var widths []int
	for _, row := range rows {
		for j, cell := range row {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], p.measure(cell))
		}
	}
	for total := sum(widths) + (len(widths)-1)*len(gap); total > p.width; total-- {
		widest := 0
		for j := range widths {
			if widths[j] > widths[widest] {
				widest = j
			}
		}
		if widths[widest] <= leastCell {
			break
		}
		widths[widest]--
	}
	return widths
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

// shown returns a span as it is printed, without its colours.
func (p printer) shown(s span) string {
	if s.style == literal && !p.to.Colour {
		return "`" + s.text + "`"
	}
	return s.text
}

func (p printer) measure(t text) (columns int) {
	for _, s := range t {
		columns += terminal.DisplayWidth(p.shown(s))
	}
	return columns
}

func (p printer) paint(t text) string {
	var b strings.Builder
	for _, s := range t {
		look := terminal.Normal
		if s.style != normal {
			look = terminal.Bold
		}
		b.WriteString(p.to.Paint(look, p.shown(s)))
	}
	return b.String()
}
