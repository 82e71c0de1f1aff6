package report

import (
	"encoding/json"
	"io"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/shell"
)

// onTerminal returns a terminal of that width, without limit if it is 0.
func onTerminal(w io.Writer, width int) *terminal.Screen {
	return &terminal.Screen{Writer: w, Terminal: true, Width: width}
}

// none is for what prints no command line.
func none(...string) string { return "" }

// HistoryOnTerminal prints attempts as history does.
func HistoryOnTerminal(w io.Writer, width int, lines ...[]byte) {
	NewAttempts(onTerminal(w, width), none, Options{}).List(raw(lines))
}

// FollowedOnTerminal prints attempts one after the other, as history -f does.
func FollowedOnTerminal(w io.Writer, width int, lines ...[]byte) {
	p := NewAttempts(onTerminal(w, width), none, Options{Follow: true})
	p.List(nil)
	for _, line := range lines {
		if a, err := ParseAttempt(line); err == nil {
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
	var hooks []Webhook
	if err := json.Unmarshal([]byte(text), &hooks); err != nil {
		return err
	}
	PrintWebhooks(onTerminal(w, width), hooks)
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
	PrintStats(onTerminal(w, width), rows)
}

// PrintAll prints an attempt in every way that is for people, with colours: as
// history, as stats, and in the trace of its event.
func PrintAll(w io.Writer, event, attempt []byte, webhook string) error {
	to := onTerminal(w, 80)
	to.Colour = true
	next := func(args ...string) string {
		line := "sidehook"
		for _, arg := range append(args, "--config", webhook) {
			line += " " + shell.Quote(arg)
		}
		return line
	}
	p := NewAttempts(to, next, Options{})
	p.List([]json.RawMessage{attempt, attempt})
	if a, err := ParseAttempt(attempt); err == nil {
		p.print(&a, attempt, p.table.PrintRow)
		p.printCommands(&a)
	}
	PrintStats(to, []history.WebhookStats{{Webhook: webhook, Events: 1, Chart: []history.ChartPart{{Delivered: 1, Failed: 2}, {}}}})
	t := Trace{EventTrace: api.EventTrace{
		To: []string{webhook}, Filled: []string{webhook}, Event: event, Attempts: []json.RawMessage{attempt},
		Webhooks: []api.Decision{{Webhook: webhook, Wanted: true, Glob: webhook, Why: webhook}, {Webhook: webhook + "2", Why: webhook}},
	}}
	return PrintTrace(to, &t)
}
