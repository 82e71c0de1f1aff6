package command

import (
	"encoding/json"
	"io"
	"log/slog"
)

var (
	Clean      = clean
	CleanLines = cleanLines
	Millis     = millis
	Span       = span
	Size       = size
	Quoted     = quoted
	Moment     = moment
)

// ColouredLogger is what run logs with on a terminal.
func ColouredLogger(w io.Writer) *slog.Logger {
	return textLogger(&screen{Writer: w, terminal: true, colour: true}, slog.LevelInfo)
}

// HistoryOnTerminal prints lines of the deliveries as history does on a terminal
// of no bound.
func HistoryOnTerminal(w io.Writer, lines ...[]byte) error {
	c := &cli{out: &screen{Writer: w, terminal: true}}
	p := &attemptPrinter{cli: c, table: table{to: c.out}}
	return p.list(lines)
}

// WebhooksOnTerminal prints webhooks, as the relay tells of them, as on a
// terminal of that width.
func WebhooksOnTerminal(w io.Writer, width int, text string) error {
	var hooks []webhook
	if err := json.Unmarshal([]byte(text), &hooks); err != nil {
		return err
	}
	c := &cli{out: &screen{Writer: w, terminal: true, width: width}}
	c.webhookTable(hooks)
	return nil
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
