package command

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

func (c *cli) historyStatsCommand() *cobra.Command {
	var webhooks []string
	f := usage.Filter{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Summarize deliveries for each webhook",
		Long: "Counts for each webhook the events whose delivery began and the deliveries that\n" +
			"arrived, still wait, were retried or were given up. Success is the share of\n" +
			"those that ended which arrived. Shows how long requests took, accurate to 6 %, a\n" +
			"chart of attempts over time, and when the webhook was failing. Counts are by\n" +
			"minutes, and tests do not count. It reads the files, so the relay need not run.\n" +
			"Where the files may not be read, it asks the relay.",
		Example: "  sidehook history stats --since 7d\n" +
			"  sidehook history stats --webhook app-lifecycle --since 09:00 --until 10:00",
		Args: usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			q := api.StatsQuery{}
			var err error
			if q.Since, q.Until, err = f.Times(now); err != nil {
				return err
			}
			if q.Until.IsZero() {
				q.Until = now
			}
			return c.historyStats(cmd.Context(), q, webhooks, asJSON)
		},
	}
	cmd.Flags().StringArrayVar(&webhooks, "webhook", nil, "only the webhook `NAME`; repeat it")
	cmd.Flags().StringVar(&f.Since, "since", "24h", "count since `TIME`: "+usage.TimeFormat)
	cmd.Flags().StringVar(&f.Until, "until", "", "count before `TIME`")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c *cli) historyStats(ctx context.Context, q api.StatsQuery, webhooks []string, asJSON bool) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	s, err := c.source(ctx, file)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.Stats(ctx, q)
	if err != nil {
		return err
	}
	rows := all.Stats
	if len(webhooks) > 0 {
		rows = slices.DeleteFunc(rows, func(w history.WebhookStats) bool { return !slices.Contains(webhooks, w.Webhook) })
	}
	for _, name := range webhooks {
		if !slices.ContainsFunc(rows, func(w history.WebhookStats) bool { return w.Webhook == name }) {
			if err := c.mustKnow(ctx, s, name); err != nil {
				return err
			}
		}
	}
	switch {
	case asJSON:
		for i := range rows {
			if err := c.printJSON(&rows[i]); err != nil {
				return err
			}
		}
	case len(rows) == 0:
		c.notice("no attempts since %s in the history", terminal.Local(q.Since, terminal.ZonedTime))
	default:
		c.printStats(rows)
	}
	return nil
}

// optionalMillis formats a latency, "" if there is none.
func optionalMillis(ms *float64) string {
	if ms == nil {
		return ""
	}
	return terminal.Millis(*ms)
}

// printStats prints a row for each webhook. On a narrow terminal the charts have a
// table of their own.
func (c *cli) printStats(rows []history.WebhookStats) {
	t := terminal.Table{To: c.out, Wide: []string{"WEBHOOK"}, Optional: []string{"P90", "P50", "RETRIED", "EVENTS", "P99", "WAITING"}}
	charts := terminal.Table{To: c.out}
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
		c.out.Line()
		charts.Print()
	}
	c.printOutages(rows)
}

// printOutages prints a line for each time that a webhook was failing or disabled.
func (c *cli) printOutages(rows []history.WebhookStats) {
	for i := range rows {
		for _, o := range rows[i].Outages {
			text := fmt.Sprintf("%s was %s from %s to %s (%s)", rows[i].Webhook, o.State,
				terminal.Local(o.From, terminal.ZonedTime), terminal.Local(o.To, terminal.ZonedTime), terminal.Span(o.To.Sub(o.From)))
			if o.To.IsZero() {
				text = fmt.Sprintf("%s is %s since %s", rows[i].Webhook, o.State, terminal.Local(o.From, terminal.ZonedTime))
			}
			if o.Why != "" {
				text += ": " + o.Why
			}
			c.out.Linef("%s", text)
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
	return fmt.Sprintf("%d in %s", most, terminal.Span(w.Until.Sub(w.Since)/time.Duration(len(w.Chart))))
}
