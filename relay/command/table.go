package command

import (
	"slices"
	"strings"
)

// table prints rows in aligned columns. Rows that are held back share their
// widths, the first of them being the head; one that comes later, as in what is
// followed, widens columns for itself and those behind it, and on a terminal at
// the cost of others.
type table struct {
	to    *screen
	last  int      // how wide the last column is at least as long as a spare one is left
	firm  []string // heads of columns that are narrowed last
	spare []string // heads of columns that a narrow terminal does without, the first of them first

	widths []int
	held   [][]cell
	head   []string
	gone   []int // columns left out, each as it was counted then
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

// print prints the rows held, and from then on each row is printed at once.
func (t *table) print() {
	if len(t.held) > 0 {
		for _, c := range t.held[0] {
			t.head = append(t.head, c.text)
		}
		natural := slices.Clone(t.widths)
		for t.squeeze(t.loose); !t.fits() && t.leaveOut(&natural); t.squeeze(t.loose) {
		}
		if !t.fits() {
			t.last, t.widths = 0, natural
			t.squeeze(t.loose)
			t.squeeze(nil)
		}
	}
	for _, row := range t.held {
		t.put(row)
	}
	t.held = nil
}

// row prints a row that was not held.
func (t *table) row(row ...cell) {
	for _, i := range t.gone {
		row = without(row, i)
	}
	t.fit(row)
	t.squeeze(t.loose)
	t.squeeze(nil)
	t.put(row)
}

// fit cleans a row and widens the columns to it.
func (t *table) fit(row []cell) {
	for i := range row {
		row[i].text = clean(row[i].text)
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], displayWidth(row[i].text))
	}
}

// narrowest is how far a column is squeezed.
const narrowest = 8

// fits reports whether something of the last column is seen, which is cut where the
// line ends.
func (t *table) fits() bool {
	last := len(t.widths) - 1
	return t.to.width == 0 || last < 1 || t.total(t.widths[:last])+columnGap+min(max(t.last, narrowest), t.widths[last]) <= t.to.width
}

// total is how wide so many columns are with the gaps between them.
func (*table) total(widths []int) int {
	sum := columnGap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// loose reports whether a column is not a firm one.
func (t *table) loose(i int) bool { return i >= len(t.head) || !slices.Contains(t.firm, t.head[i]) }

// squeeze narrows columns but the last, the widest of them first, until the table
// fits or none is wider than the narrowest: those that may be narrowed, nil for all.
func (t *table) squeeze(may func(column int) bool) {
	for !t.fits() {
		widest := -1
		for i := range len(t.widths) - 1 {
			if (may == nil || may(i)) && t.widths[i] > narrowest && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// leaveOut goes without the next spare column, and gives the others the widths
// that they had. It is false if there is none.
func (t *table) leaveOut(natural *[]int) bool {
	for len(t.spare) > 0 {
		i := slices.Index(t.head, t.spare[0])
		t.spare = t.spare[1:]
		if i < 0 || len(t.widths) == 2 {
			continue
		}
		t.gone, t.head = append(t.gone, i), slices.Delete(t.head, i, i+1)
		for n, row := range t.held {
			t.held[n] = without(row, i)
		}
		*natural = slices.Delete(*natural, i, i+1)
		t.widths = slices.Clone(*natural)
		return true
	}
	return false
}

func without(row []cell, i int) []cell {
	return slices.Delete(row, min(i, len(row)), min(i+1, len(row)))
}

// put prints a row that the columns were fitted to. On a terminal its last cell is
// cut where the line ends.
func (t *table) put(row []cell) {
	for len(row) > 0 && row[len(row)-1].text == "" {
		row = row[:len(row)-1]
	}
	var line strings.Builder
	at := 0
	for i, c := range row {
		last := i == len(row)-1
		if !last {
			c.text = cut(c.text, t.widths[i])
		} else if t.to.width > 0 {
			c.text = cut(c.text, t.to.width-at)
		}
		line.WriteString(t.to.paint(c.in, c.text))
		if !last {
			pad := t.widths[i] - displayWidth(c.text) + columnGap
			line.WriteString(strings.Repeat(" ", pad))
			at += t.widths[i] + columnGap
		}
	}
	t.to.line(line.String())
}
