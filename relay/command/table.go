package command

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table prints rows in aligned columns. Rows that are held back share their
// widths; one that comes later, as in what is followed, may widen a column for
// those behind it.
type table struct {
	to     *screen
	widths []int
	held   [][]cell
	most   []int // the widths that the terminal leaves to the columns but the last
}

// cell is a text of any content, and how it looks.
type cell struct {
	text string
	in   style
}

const columnGap = 2

// hold keeps a row until print.
func (t *table) hold(row ...cell) {
	t.fit(row)
	t.held = append(t.held, row)
}

// leastWidth is how narrow a column may become.
const leastWidth = 6

// narrow cuts the texts of some columns, the widest of them first, until the
// rows held fit the screen or none of these columns can give any more.
func (t *table) narrow(columns ...int) {
	if t.to.width <= 0 || len(t.widths) == 0 {
		return
	}
	for t.total(t.widths) > t.to.width && t.give(columns, leastWidth) {
	}
	for _, row := range t.held {
		for i := range row {
			row[i].text = cut(row[i].text, t.widths[i])
		}
	}
}

// print prints the rows held, and from then on each row is printed at once.
func (t *table) print() {
	t.squeeze()
	for _, row := range t.held {
		t.row(row...)
	}
	t.held = nil
}

// fit cleans a row and widens the columns to it.
func (t *table) fit(row []cell) {
	for i := range row {
		row[i].text = clean(row[i].text)
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(row[i].text))
	}
}

// narrowest is how far a column is squeezed.
const narrowest = 8

// squeeze narrows the widest columns but the last, which is cut where the line
// ends, until the table fits the terminal or nothing readable is left.
func (t *table) squeeze() {
	if t.to.width == 0 || len(t.widths) < 2 {
		return
	}
	all := t.widths[:len(t.widths)-1]
	last := min(narrowest, t.widths[len(all)])
	columns := make([]int, len(all))
	for i := range columns {
		columns[i] = i
	}
	for t.total(all)+columnGap+last > t.to.width && t.give(columns, narrowest) {
	}
	t.most = slices.Clone(all)
}

// total is how wide so many columns are with the gaps between them.
func (*table) total(widths []int) int {
	sum := columnGap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// give narrows the widest of some columns by a character, and is false if none
// has more than the least.
func (t *table) give(columns []int, least int) bool {
	widest := -1
	for _, i := range columns {
		if i < len(t.widths) && t.widths[i] > least && (widest < 0 || t.widths[i] > t.widths[widest]) {
			widest = i
		}
	}
	if widest >= 0 {
		t.widths[widest]--
	}
	return widest >= 0
}

// row prints a row. On a terminal its last cell is cut where the line ends.
func (t *table) row(row ...cell) {
	for i := range min(len(row), len(t.most)) {
		row[i].text = cut(clean(row[i].text), t.most[i])
	}
	t.fit(row)
	for len(row) > 0 && row[len(row)-1].text == "" {
		row = row[:len(row)-1]
	}
	var line strings.Builder
	at := 0
	for i, c := range row {
		last := i == len(row)-1
		if room := t.to.width - at; last && t.to.width > 0 && room > 8 {
			c.text = cut(c.text, room)
		}
		line.WriteString(t.to.paint(c.in, c.text))
		if !last {
			pad := t.widths[i] - utf8.RuneCountInString(c.text) + columnGap
			line.WriteString(strings.Repeat(" ", pad))
			at += t.widths[i] + columnGap
		}
	}
	t.to.line(line.String())
}

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
