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
