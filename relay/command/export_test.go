package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

var (
	StopsAgain    = stopsAgain
	ExplainDenied = explainDenied
)

// onTerminal returns the commands of a terminal of that width, without limit if it
// is 0.
func onTerminal(w io.Writer, width int) *cli {
	screen := &terminal.Screen{Writer: w, Terminal: true, Width: width}
	return &cli{out: screen, err: screen}
}

// HistoryOnTerminal prints attempts as history does.
func HistoryOnTerminal(w io.Writer, width int, lines ...[]byte) {
	newAttemptPrinter(onTerminal(w, width), historyFlags{}).list(raw(lines))
}

// FollowedOnTerminal prints attempts one after the other, as history -f does.
func FollowedOnTerminal(w io.Writer, width int, lines ...[]byte) {
	p := newAttemptPrinter(onTerminal(w, width), historyFlags{follow: true})
	p.list(nil)
	for _, line := range lines {
		if a, err := parseAttempt(line); err == nil {
			p.print(&a, line, p.table.PrintRow)
		}
	}
}

func raw(lines [][]byte) (list []json.RawMessage) {
	for _, line := range lines {
		list = append(list, line)
	}
	return list
}

// WebhooksOnTerminal prints webhooks that the relay answered with.
func WebhooksOnTerminal(w io.Writer, width int, text string) error {
	var hooks []webhook
	if err := json.Unmarshal([]byte(text), &hooks); err != nil {
		return err
	}
	onTerminal(w, width).printWebhooks(hooks)
	return nil
}

// StatsOnTerminal prints stats of webhooks.
func StatsOnTerminal(w io.Writer, width int, webhooks ...string) {
	ms, rate := 12.417, 0.5
	var rows []history.WebhookStats
	for _, name := range webhooks {
		rows = append(rows, history.WebhookStats{
			Webhook: name, Events: 10_000_000, Delivered: 5_000_000, Retried: 12, GivenUp: 5_000_000, SuccessRate: &rate,
			P50: &ms, P90: &ms, P99: &ms, Chart: make([]history.ChartPart, 24),
		})
	}
	onTerminal(w, width).printStats(rows)
}

// PrintAll prints an attempt in every way that is for people, with colours: as
// history, as stats, and in the trace of its event.
func PrintAll(w io.Writer, event, attempt []byte, webhook string) error {
	c := onTerminal(w, 80)
	c.out.Colour, c.config = true, webhook
	p := newAttemptPrinter(c, historyFlags{})
	p.list([]json.RawMessage{attempt, attempt})
	if a, err := parseAttempt(attempt); err == nil {
		p.print(&a, attempt, p.table.PrintRow)
		p.printCommands(&a)
	}
	c.printStats([]history.WebhookStats{{Webhook: webhook, Events: 1, Chart: []history.ChartPart{{Delivered: 1, Failed: 2}, {}}}})
	t := trace{EventTrace: api.EventTrace{
		To: []string{webhook}, Filled: []string{webhook}, Event: event, Attempts: []json.RawMessage{attempt},
		Webhooks: []api.Decision{{Webhook: webhook, Wanted: true, Glob: webhook, Why: webhook}, {Webhook: webhook + "2", Why: webhook}},
	}}
	return c.printTrace(&t)
}

// Parse reports whether there is a command that has these flags. It does not run it.
func Parse(args []string) error {
	c := &cli{out: terminal.NewScreen(os.Stdout), err: terminal.NewScreen(os.Stderr)}
	cmd, rest, err := c.root().Find(args)
	if err != nil {
		return err
	}
	if strings.HasSuffix(cmd.Use, " COMMAND") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("no command %q", rest[0])
	}
	return cmd.ParseFlags(rest)
}
