package terminal

import (
	"slices"
	"strings"
)

// Table prints rows in aligned columns. Rows that are added before Print share
// their widths; the first of them is the head. A row that is printed later by
// PrintRow, such as a new attempt, widens columns for itself and the rows after
// it, and narrows others if the terminal has no room.
type Table struct {
	To       *Screen
	Widths   []int    // minimum widths of the columns
	MinLast  int      // columns are left out before the last one gets narrower than this
	Wide     []string // heads of the columns that are narrowed last
	Optional []string // heads of the columns to leave out on a narrow terminal, in this order

	rows    [][]Cell
	heads   []string
	omitted []int // columns left out, each as it was counted then
}

// Cell is a text of any content and its style.
type Cell struct {
	Text  string
	Style Style
}

// Cell returns a cell of that style.
func (s Style) Cell(text string) Cell { return Cell{text, s} }

// Heads returns the cells of a table's head.
func Heads(names ...string) []Cell {
	cells := make([]Cell, len(names))
	for i, name := range names {
		cells[i] = Faint.Cell(name)
	}
	return cells
}

const columnGap = 2

// Add keeps a row until Print.
func (t *Table) Add(row ...Cell) {
	t.Fit(row...)
	t.rows = append(t.rows, row)
}

// Print prints the rows that were added.
func (t *Table) Print() {
	if len(t.rows) > 0 && t.To.Width == 0 {
		t.ignoreLongest()
	}
	if len(t.rows) > 0 {
		for _, c := range t.rows[0] {
			t.heads = append(t.heads, c.Text)
		}
		natural := slices.Clone(t.Widths)
		for t.squeeze(t.narrowedFirst, readable); !t.fits() && t.leaveOut(&natural); t.squeeze(t.narrowedFirst, readable) {
		}
		if !t.fits() {
			t.MinLast, t.Widths = 0, natural
			t.squeezeAll()
		}
	}
	for _, row := range t.rows {
		t.printFitted(row)
	}
	t.rows = nil
}

// PrintRow prints a row at once.
func (t *Table) PrintRow(row ...Cell) {
	for _, i := range t.omitted {
		row = without(row, i)
	}
	before := slices.Clone(t.Widths)
	t.Fit(row...)
	if t.To.Width == 0 {
		for i, width := range before {
			if t.Widths[i] > long {
				t.Widths[i] = width
			}
		}
	}
	t.squeezeAll()
	t.printFitted(row)
}

// long is the width of a text that does not widen a column of others where there is
// room without limit: it moves the rest of its own row only.
const long = 40

// ignoreLongest narrows columns to the texts that are not much longer than most.
func (t *Table) ignoreLongest() {
	for i := range t.Widths {
		var widths []int
		for _, row := range t.rows {
			if i < len(row) {
				widths = append(widths, DisplayWidth(row[i].Text))
			}
		}
		slices.Sort(widths)
		limit := max(long, widths[len(widths)/2])
		t.Widths[i] = slices.Max(slices.DeleteFunc(widths, func(width int) bool { return width > limit }))
	}
}

// Fit cleans a row and widens the columns to it.
func (t *Table) Fit(row ...Cell) {
	for i := range row {
		row[i].Text = Clean(row[i].Text)
		if i == len(t.Widths) {
			t.Widths = append(t.Widths, 0)
		}
		t.Widths[i] = max(t.Widths[i], DisplayWidth(row[i].Text))
	}
}

// AppendColumns moves the columns of another table but its first to the end of
// this one, if they fit beside each other without narrowing any, and reports
// whether it did. Both tables must have the same rows.
func (t *Table) AppendColumns(other *Table) bool {
	if wide := total(t.Widths) + total(other.Widths[1:]) + columnGap; t.To.Width > 0 && wide > t.To.Width {
		return false
	}
	for i, row := range other.rows {
		t.rows[i] = append(t.rows[i], row[1:]...)
	}
	t.Widths = append(t.Widths, other.Widths[1:]...)
	return true
}

// Columns are squeezed to readable while there are optional ones to leave out, and
// to narrowest after that.
const (
	readable  = 12
	narrowest = 8
)

// fits reports whether the table fits with a part of the last column, which is
// cut at the end of the line.
func (t *Table) fits() bool {
	last := len(t.Widths) - 1
	return t.To.Width == 0 || last < 1 ||
		total(t.Widths[:last])+columnGap+min(max(t.MinLast, narrowest), t.Widths[last]) <= t.To.Width
}

// total returns the width of columns with the gaps between them.
func total(widths []int) int {
	sum := columnGap * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

// narrowedFirst reports whether a column may be narrowed before those of Wide.
func (t *Table) narrowedFirst(column int) bool {
	return column >= len(t.heads) || !slices.Contains(t.Wide, t.heads[column])
}

// squeezeAll narrows columns as far as it must and may.
func (t *Table) squeezeAll() {
	t.squeeze(t.narrowedFirst, narrowest)
	t.squeeze(func(int) bool { return true }, narrowest)
}

// squeeze narrows the widest column that may be narrowed, but never the last,
// until the table fits or none is wider than least.
func (t *Table) squeeze(may func(column int) bool, least int) {
	for !t.fits() {
		widest := -1
		for i := range len(t.Widths) - 1 {
			if may(i) && t.Widths[i] > least && (widest < 0 || t.Widths[i] > t.Widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.Widths[widest]--
	}
}

// leaveOut removes the next optional column and restores the natural widths of
// the others. It reports whether there was one.
func (t *Table) leaveOut(natural *[]int) bool {
	for len(t.Optional) > 0 {
		i := slices.Index(t.heads, t.Optional[0])
		t.Optional = t.Optional[1:]
		if i < 0 || len(t.Widths) == 2 {
			continue
		}
		t.omitted, t.heads = append(t.omitted, i), slices.Delete(t.heads, i, i+1)
		for n, row := range t.rows {
			t.rows[n] = without(row, i)
		}
		*natural = slices.Delete(*natural, i, i+1)
		t.Widths = slices.Clone(*natural)
		return true
	}
	return false
}

func without(row []Cell, i int) []Cell {
	return slices.Delete(row, min(i, len(row)), min(i+1, len(row)))
}

// printFitted prints a row that the columns were fitted to. On a terminal its
// last cell is cut at the end of the line.
func (t *Table) printFitted(row []Cell) {
	for len(row) > 0 && row[len(row)-1].Text == "" {
		row = row[:len(row)-1]
	}
	var line strings.Builder
	column := 0
	for i, c := range row {
		last := i == len(row)-1
		switch {
		case t.To.Width == 0:
		case !last:
			c.Text = Cut(c.Text, t.Widths[i])
		default:
			c.Text = Cut(c.Text, t.To.Width-column)
		}
		line.WriteString(t.To.Paint(c.Style, c.Text))
		if !last {
			line.WriteString(strings.Repeat(" ", max(t.Widths[i]-DisplayWidth(c.Text), 0)+columnGap))
			column += t.Widths[i] + columnGap
		}
	}
	t.To.Line(line.String())
}
