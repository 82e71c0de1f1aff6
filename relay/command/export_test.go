package command

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"

	"sidehook/relay/api"
)

var (
	ObeyAgain      = stopsAgain
	StartLogWriter = startLogWriter

	Clean      = clean
	CleanLines = cleanLines
	Millis     = millis
	Span       = span
	Size       = size
	Quoted     = quoted
	Instant    = instant
	Unreadable = unreadable
)

// ColouredLogger is what run logs with on a terminal.
func ColouredLogger(w io.Writer) *slog.Logger {
	return slog.New(textHandler(w, slog.LevelInfo, true))
}

// MostWaiting is how much of a log waits for its reader.
const MostWaiting = mostWaiting

// Places is how wide a text is on a terminal.
func DisplayWidth(text string) int { return displayWidth(text) }

// HistoryOnTerminal prints lines of the deliveries as history does on a terminal
// of that width, of no bound if it is 0.
func HistoryOnTerminal(w io.Writer, width int, lines ...[]byte) error {
	c := &cli{out: &screen{Writer: w, terminal: true, width: width}}
	p := newAttemptPrinter(c, listing{})
	return p.list(lines)
}

// FollowedOnTerminal prints lines of the deliveries as history -f does as they come.
func FollowedOnTerminal(w io.Writer, width int, lines ...[]byte) error {
	c := &cli{out: &screen{Writer: w, terminal: true, width: width}}
	p := newAttemptPrinter(c, listing{follow: true})
	err := p.list(nil)
	for _, line := range lines {
		err = errors.Join(err, p.print(line, p.table.row))
	}
	return err
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

// StatsOnTerminal prints stats of webhooks as on a terminal of that width.
func StatsOnTerminal(w io.Writer, width int, webhooks ...string) {
	c := &cli{out: &screen{Writer: w, terminal: true, width: width}}
	ms, rate := 12.417, 0.5
	var rows []webhookStats
	for _, name := range webhooks {
		rows = append(rows, webhookStats{
			Webhook: name, Events: 10_000_000, Delivered: 5_000_000, Retried: 12, GivenUp: 5_000_000, SuccessRate: &rate,
			P50: &ms, P90: &ms, P99: &ms, Chart: make([]chartPart, chartParts),
		})
	}
	c.printStats(rows)
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

// PrintAll prints an attempt by every way that prints for people, on a narrow
// terminal with colours: as history, as stats, and in the story of its event.
func PrintAll(w io.Writer, event, attempt []byte, webhook string) error {
	c := &cli{out: &screen{Writer: w, terminal: true, colour: true, width: 80}, config: webhook}
	c.err = c.out
	p := newAttemptPrinter(c, listing{})
	if err := p.list([][]byte{attempt, attempt}); err != nil {
		return err
	}
	if err := p.print(attempt, p.table.row); err != nil {
		return err
	}
	p.hints()
	c.printStats([]webhookStats{{Webhook: webhook, Events: 1, Chart: []chartPart{{1, 2}, {}}}})
	s := story{EventTrace: api.EventTrace{
		To: []string{webhook}, Filled: []string{webhook}, Event: event, Attempts: []json.RawMessage{attempt},
		Webhooks: []api.Decision{{Webhook: webhook, Wanted: true, Glob: webhook, Why: webhook}, {Webhook: webhook + "2", Why: webhook}},
	}}
	return c.printStory(&s)
}
