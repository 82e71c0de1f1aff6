package terminal_test

import (
	"strings"
	"testing"

	"sidehook/relay/command/terminal"
)

func TestTable(t *testing.T) {
	rows := [][]string{
		{"NAME", "WHY"},
		{"über", "short"},
		{"a", "a reason that is much longer than the line"},
		{"b", ""},
	}
	var out strings.Builder
	table := terminal.Table{To: &terminal.Screen{Writer: &out, Terminal: true, Width: 24}}
	for _, row := range rows {
		table.Add(terminal.Normal.Cell(row[0]), terminal.Normal.Cell(row[1]))
	}
	table.Print()
	want := "NAME  WHY\n" +
		"über  short\n" +
		"a     a reason that is …\n" +
		"b\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestLongCell: without a limit of the width, a text that is much longer than the
// others of its column moves its own row only, whether it is known before or not.
func TestLongCell(t *testing.T) {
	long := strings.Repeat("x", 60)
	var out strings.Builder
	table := terminal.Table{To: &terminal.Screen{Writer: &out}}
	cells := func(id string) []terminal.Cell {
		return []terminal.Cell{terminal.Normal.Cell(id), terminal.Normal.Cell("ok")}
	}
	for _, id := range []string{"ID", "a", long, "abc"} {
		table.Add(cells(id)...)
	}
	table.Print()
	table.PrintRow(cells(long)...)
	table.PrintRow(cells("abcd")...)
	table.PrintRow(cells("a")...)
	want := "ID   ok\na    ok\n" + long + "  ok\nabc  ok\n" + long + "  ok\nabcd  ok\na     ok\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}

	// Where most are as long, they are in a column.
	out.Reset()
	table = terminal.Table{To: table.To}
	for _, id := range []string{"ID", long, long + "y", "b"} {
		table.Add(cells(id)...)
	}
	table.Print()
	if first, _, _ := strings.Cut(out.String(), "\n"); len(first) < 60 {
		t.Errorf("got\n%s", out.String())
	}
}
