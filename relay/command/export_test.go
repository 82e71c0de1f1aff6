package command

import (
	"io"
	"log/slog"
	"time"
)

var (
	Clean      = clean
	CleanLines = cleanLines
	Millis     = millis
	Span       = span
	Size       = size
	Quoted     = quoted
)

// ColouredLogger is what run logs with on a terminal.
func ColouredLogger(w io.Writer) *slog.Logger {
	return textLogger(&screen{Writer: w, terminal: true, colour: true}, slog.LevelInfo)
}

// HistoryOnTerminal prints lines of the deliveries as history does on a terminal
// of no bound.
func HistoryOnTerminal(w io.Writer, lines ...[]byte) error {
	c := &cli{out: &screen{Writer: w, terminal: true}}
	p := &attemptPrinter{cli: c, table: table{to: c.out}, now: time.Now()}
	return p.list(lines)
}

// NarrowTable prints rows as on a terminal of that width.
func NarrowTable(w io.Writer, width int, rows [][]string) {
	t := table{to: &screen{Writer: w, terminal: true, width: width}}
	for _, row := range rows {
		var cells []cell
		for _, text := range row {
			cells = append(cells, cell{text, normal})
		}
		t.hold(cells...)
	}
	t.print()
}
