package command_test

import (
	"bytes"
	"testing"
	"time"

	"sidehook/relay/command"
)

func TestMeasures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{command.Millis(0.004), "0.00ms"},
		{command.Millis(3.456), "3.46ms"},
		{command.Millis(12.417), "12.4ms"},
		{command.Millis(999), "999ms"},
		{command.Millis(1250), "1.25s"},
		{command.Millis(61_500), "1m2s"},
		{command.Span(0), "0s"},
		{command.Span(59 * time.Second), "59s"},
		{command.Span(5 * time.Minute), "5m"},
		{command.Span(3*time.Hour + 20*time.Minute), "3h20m"},
		{command.Span(52 * time.Hour), "2d4h"},
		{command.Span(-90 * time.Second), "1m30s"},
		{command.Size(0), "0 B"},
		{command.Size(1536), "1.5 KiB"},
		{command.Size(64 << 20), "64.0 MiB"},
		{command.Size(5 << 40), "5.0 TiB"},
		{command.Quoted("ord-1"), "ord-1"},
		{command.Quoted("it's"), `'it'\''s'`},
		{command.Quoted(""), "''"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]string{
		{"NAME", "WHY"},
		{"über", "short"},
		{"a", "a reason that is much longer than the line"},
		{"b", ""},
	}
	var out bytes.Buffer
	command.NarrowTable(&out, 24, rows)
	want := "NAME  WHY\n" +
		"über  short\n" +
		"a     a reason that is …\n" +
		"b\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
