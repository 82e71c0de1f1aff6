package terminal_test

import (
	"testing"
	"time"

	"sidehook/relay/command/terminal"
)

func TestMeasures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{terminal.Millis(0.004), "0.00ms"},
		{terminal.Millis(3.456), "3.46ms"},
		{terminal.Millis(12.417), "12.4ms"},
		{terminal.Millis(999), "999ms"},
		{terminal.Millis(1250), "1.25s"},
		{terminal.Millis(61_500), "1m2s"},
		{terminal.Span(0), "0s"},
		{terminal.Span(59 * time.Second), "59s"},
		{terminal.Span(5 * time.Minute), "5m"},
		{terminal.Span(3*time.Hour + 20*time.Minute), "3h20m"},
		{terminal.Span(52 * time.Hour), "2d4h"},
		{terminal.Span(-90 * time.Second), "1m30s"},
		{terminal.Size(0), "0 B"},
		{terminal.Size(1536), "1.5 KiB"},
		{terminal.Size(64 << 20), "64.0 MiB"},
		{terminal.Size(5 << 40), "5.0 TiB"},
		{terminal.Quote("ord-1"), "ord-1"},
		{terminal.Quote("it's"), `'it'\''s'`},
		{terminal.Quote(""), "''"},
		{terminal.Count(1, "delivery"), "1 delivery"},
		{terminal.Count(2, "delivery"), "2 deliveries"},
		{terminal.Count(0, "line"), "0 lines"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
