package report

import (
	"fmt"
	"strconv"
	"time"

	"sidehook/history"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// optionalMillis formats a latency, "" if there is none.
func optionalMillis(ms *float64) string {
	if ms == nil {
		return ""
	}
	return measure.Millis(*ms)
}

// PrintStats prints a row for each webhook. On a narrow terminal the charts have a
// table of their own.
func PrintStats(to *terminal.Screen, rows []history.WebhookStats) {
	t := terminal.Table{To: to, Wide: []string{"WEBHOOK"}, Optional: []string{"P90", "P50", "RETRIED", "EVENTS", "P99", "WAITING"}}
	charts := terminal.Table{To: to}
	t.Add(terminal.Heads("WEBHOOK", "EVENTS", "DELIVERED", "WAITING", "RETRIED", "GIVEN UP", "SUCCESS", "P50", "P90", "P99")...)
	charts.Add(terminal.Heads("WEBHOOK", "PEAK", "SINCE "+terminal.Local(rows[0].Since, terminal.ZonedTime))...)
	text, number := terminal.Normal.Cell, func(n uint64) terminal.Cell { return terminal.Normal.Cell(strconv.FormatUint(n, 10)) }
	for i := range rows {
		w := &rows[i]
		t.Add(
			terminal.Bold.Cell(w.Webhook), number(w.Events), number(w.Delivered), number(w.Waiting), number(w.Retried), number(w.GivenUp), rate(w),
			text(optionalMillis(w.P50)), text(optionalMillis(w.P90)), text(optionalMillis(w.P99)),
		)
		charts.Add(terminal.Bold.Cell(w.Webhook), text(scale(w)), text(bars(w.Chart)))
	}
	if t.AppendColumns(&charts) {
		t.Print()
	} else {
		t.Print()
		to.Line()
		charts.Print()
	}
	printOutages(to, rows)
}

// printOutages prints a line for each time that a webhook was failing or disabled.
func printOutages(to *terminal.Screen, rows []history.WebhookStats) {
	for i := range rows {
		for _, o := range rows[i].Outages {
			text := fmt.Sprintf("%s was %s from %s to %s (%s)", rows[i].Webhook, o.State,
				terminal.Local(o.From, terminal.ZonedTime), terminal.Local(o.To, terminal.ZonedTime), measure.Span(o.To.Sub(o.From)))
			if o.To.IsZero() {
				text = fmt.Sprintf("%s is %s since %s", rows[i].Webhook, o.State, terminal.Local(o.From, terminal.ZonedTime))
			}
			if o.Why != "" {
				text += ": " + o.Why
			}
			to.Linef("%s", text)
		}
	}
}

// rate returns the cell of the success rate. It is rounded down, so 100 % means all.
func rate(w *history.WebhookStats) terminal.Cell {
	if w.SuccessRate == nil {
		return terminal.Cell{}
	}
	style := terminal.Green
	if w.GivenUp > 0 {
		style = terminal.Red
	}
	return style.Cell(fmt.Sprintf("%.2f %%", float64(int(*w.SuccessRate*1e4))/100))
}

// bars returns a chart with a bar for each part of the time, as high as there were
// attempts in it.
func bars(parts []history.ChartPart) string {
	heights := []rune(" ▁▂▃▄▅▆▇█")
	most := max(1, highest(parts))
	line := make([]rune, len(parts))
	for i, p := range parts {
		all := p.Delivered + p.Failed
		line[i] = heights[(all*uint64(len(heights)-1)+most-1)/most]
	}
	return string(line)
}

// highest returns how many attempts the highest bar of a chart stands for.
func highest(parts []history.ChartPart) (most uint64) {
	for _, p := range parts {
		most = max(most, p.Delivered+p.Failed)
	}
	return most
}

// scale says how many attempts the highest bar of a chart stands for, and the time that
// a bar does.
func scale(w *history.WebhookStats) string {
	most := highest(w.Chart)
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("%d in %s", most, measure.Span(w.Until.Sub(w.Since)/time.Duration(len(w.Chart))))
}
