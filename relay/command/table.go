package command

import (
	"cmp"
	"slices"
	"strings"
)

// table prints rows in aligned columns. Rows that are held back share their
// widths, the first of them being the head; one that comes later, as in what is
// followed, may widen a column for those behind it.
type table struct {
	to    *screen
	least int      // how narrow a column may become; narrowest if 0
	firm  []string // heads of columns that are narrowed last
	spare []string // heads of columns that a narrow terminal does without, the first of them first

	widths []int
	held   [][]cell
	gone   []int // columns left out, each as it was counted then
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

// print prints the rows held, and from then on each row is printed at once.
func (t *table) print() {
	t.squeeze()
	for _, row := range t.held {
		t.put(row)
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
		t.widths[i] = max(t.widths[i], places(row[i].text))
	}
}

// narrowest is how far a column is squeezed if the table does not say.
const narrowest = 8

// squeeze makes the table fit the terminal. The widest columns become narrower,
// but for the firm ones; where that is not enough, it goes without one spare column
// after the other, and then the firm ones give, too.
func (t *table) squeeze() {
	if t.to.width == 0 || len(t.held) == 0 || len(t.widths) < 2 {
		return
	}
	loose := func(i int) bool { return !slices.Contains(t.firm, t.held[0][i].text) }
	natural := slices.Clone(t.widths)
	for t.give(loose); !t.fits() && t.leaveOut(&natural); t.give(loose) {
	}
	t.give(func(int) bool { return true })
	t.most = slices.Clone(t.widths[:len(t.widths)-1])
}

// fits says whether something of the last column is seen, which is cut where the
// line ends.
func (t *table) fits() bool {
	last := len(t.widths) - 1
	return t.total(t.widths[:last])+columnGap+min(t.narrowest(), t.widths[last]) <= t.to.width
}

func (t *table) narrowest() int { return cmp.Or(t.least, narrowest) }

// total is how wide so many columns are with the gaps between them.
func (*table) total(widths []int) int {
	sum := columnGap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// give narrows columns but the last, the widest of them first, until the table
// fits or none has more than the least.
func (t *table) give(may func(column int) bool) {
	for !t.fits() {
		widest := -1
		for i := range len(t.widths) - 1 {
			if may(i) && t.widths[i] > t.narrowest() && (widest < 0 || t.widths[i] > t.widths[widest]) {
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
		head := t.spare[0]
		t.spare = t.spare[1:]
		i := slices.IndexFunc(t.held[0], func(c cell) bool { return c.text == head })
		if i < 0 || len(t.widths) == 2 {
			continue
		}
		t.gone = append(t.gone, i)
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

// row prints a row that was not held.
func (t *table) row(row ...cell) {
	for _, i := range t.gone {
		row = without(row, i)
	}
	t.put(row)
}

// put prints a row. On a terminal its last cell is cut where the line ends.
func (t *table) put(row []cell) {
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
		if last && t.to.width > 0 {
			c.text = cut(c.text, t.to.width-at)
		}
		line.WriteString(t.to.paint(c.in, c.text))
		if !last {
			pad := t.widths[i] - places(c.text) + columnGap
			line.WriteString(strings.Repeat(" ", pad))
			at += t.widths[i] + columnGap
		}
	}
	t.to.line(line.String())
}
