package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
)

func (c *cli) historyStatsCommand() *cobra.Command {
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "How deliveries went, webhook by webhook",
		Long: "Counts for each webhook the events whose delivery began, what was delivered,\n" +
			"retried and given up, how long requests took, and shows how that went over time.\n" +
			"A time is taken to the minute, and how long requests took within 6 %. It reads the\n" +
			"files, so the relay need not run.",
		Example: "  sidehook history stats --since 7d",
		Args:    noArgument,
		RunE: func(*cobra.Command, []string) error {
			now := time.Now()
			from, err := instant("since", since, now)
			if err != nil {
				return err
			}
			return c.historyStats(from, now, asJSON)
		},
	}
	cmd.Flags().StringVar(&since, "since", "24h", "count from this `TIME` on: 24h or 7d (ago), or as in RFC 3339")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// webhookStats is a line of history stats as JSON.
type webhookStats struct {
	Webhook     string      `json:"webhook"`
	Since       time.Time   `json:"since"`
	Until       time.Time   `json:"until"`
	Events      uint64      `json:"events"`
	Delivered   uint64      `json:"delivered"`
	Retried     uint64      `json:"retried"`
	GivenUp     uint64      `json:"given_up"`
	SuccessRate *float64    `json:"success_rate"` // of those that ended; null if none did
	P50         *float64    `json:"p50_ms"`       // null if no request was made
	P90         *float64    `json:"p90_ms"`
	P99         *float64    `json:"p99_ms"`
	Chart       []chartPart `json:"chart"`
}

type chartPart struct {
	Delivered uint64 `json:"delivered"`
	Failed    uint64 `json:"failed"` // attempts that did not arrive
}

// chartParts is how many parts of time a chart has.
const chartParts = 24

func (c *cli) historyStats(since, until time.Time, asJSON bool) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	reading, err := readHistory(file.History.Dir)
	if err != nil {
		return err
	}
	defer reading.Close()
	list, err := reading.Stats(since, until, chartParts)
	if err != nil {
		return err
	}
	var rows []webhookStats
	for i := range list {
		rows = append(rows, summarize(&list[i], since, until))
	}
	switch {
	case asJSON:
		for i := range rows {
			if err := c.json(&rows[i]); err != nil {
				return err
			}
		}
	case len(rows) == 0:
		c.err.linef("sidehook: no attempt since %s is in the history", local(since, inTable))
	default:
		c.printStats(rows)
	}
	return nil
}

func summarize(s *query.Stats, since, until time.Time) webhookStats {
	w := webhookStats{
		Webhook: s.Webhook, Since: since, Until: until, Events: s.Begun(),
		Delivered: s.Count(history.Delivered), Retried: s.Count(history.Retrying), GivenUp: givenUp(s.Count),
	}
	if len(s.Took) > 0 {
		quantile := func(part float64) *float64 {
			ms := inMillis(s.Took.Quantile(part))
			return &ms
		}
		w.P50, w.P90, w.P99 = quantile(.5), quantile(.9), quantile(.99)
	}
	if ended := w.Delivered + w.GivenUp; ended > 0 {
		rate := float64(w.Delivered) / float64(ended)
		w.SuccessRate = &rate
	}
	for i := range s.Chart {
		count := func(status history.Status) uint64 { return s.ChartCount(i, status) }
		w.Chart = append(w.Chart, chartPart{count(history.Delivered), count(history.Retrying) + givenUp(count)})
	}
	return w
}

func givenUp(count func(history.Status) uint64) uint64 {
	return count(history.Failed) + count(history.Exhausted) + count(history.Canceled) + count(history.Expired)
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// optional is a length of time that may not be known.
func optional(ms *float64) string {
	if ms == nil {
		return ""
	}
	return millis(*ms)
}

// printStats prints a row for each webhook. Its chart has a bar for each part of
// the time, as high as there were attempts in it; on a narrow terminal the charts
// have a table of their own.
func (c *cli) printStats(rows []webhookStats) {
	t := table{to: c.out, firm: []string{"WEBHOOK"}, spare: []string{"P90", "P50", "RETRIED", "EVENTS", "P99"}}
	charts := table{to: c.out}
	var head []cell
	for _, name := range []string{"WEBHOOK", "EVENTS", "DELIVERED", "RETRIED", "GIVEN UP", "SUCCESS", "P50", "P90", "P99"} {
		head = append(head, cell{name, faint})
	}
	t.hold(head...)
	charts.hold(cell{"WEBHOOK", faint}, cell{"SINCE " + local(rows[0].Since, inTable), faint})
	for i := range rows {
		w := &rows[i]
		rate, in := "", normal
		if w.SuccessRate != nil {
			// Never rounded up to what it is not.
			rate = fmt.Sprintf("%.2f %%", float64(int(*w.SuccessRate*1e4))/100)
			if in = green; w.GivenUp > 0 {
				in = red
			}
		}
		t.hold(
			cell{w.Webhook, bold}, cell{fmt.Sprint(w.Events), normal}, cell{fmt.Sprint(w.Delivered), normal},
			cell{fmt.Sprint(w.Retried), normal}, cell{fmt.Sprint(w.GivenUp), normal}, cell{rate, in},
			cell{optional(w.P50), normal}, cell{optional(w.P90), normal}, cell{optional(w.P99), normal},
		)
		charts.hold(cell{w.Webhook, bold}, cell{bars(w.Chart), normal})
	}
	if wide := t.total(t.widths) + columnGap + charts.widths[1]; c.out.width == 0 || wide <= c.out.width {
		for i, row := range charts.held {
			t.held[i] = append(t.held[i], row[1])
		}
		t.widths = append(t.widths, charts.widths[1])
		t.print()
		return
	}
	t.print()
	c.out.line()
	charts.print()
}

// bars is a chart of attempts, the highest bar for the most of them.
func bars(parts []chartPart) string {
	heights := []rune(" ▁▂▃▄▅▆▇█")
	most := uint64(1)
	for _, p := range parts {
		most = max(most, p.Delivered+p.Failed)
	}
	line := make([]rune, len(parts))
	for i, p := range parts {
		all := p.Delivered + p.Failed
		line[i] = heights[(all*uint64(len(heights)-1)+most-1)/most]
	}
	return string(line)
}
