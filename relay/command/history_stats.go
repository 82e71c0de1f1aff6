package command

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/command/terminal"
)

func (c *cli) historyStatsCommand() *cobra.Command {
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Summarize deliveries for each webhook",
		Long: "Counts for each webhook the events whose delivery began and the deliveries that\n" +
			"arrived, were retried or were given up. Shows how long requests took, accurate\n" +
			"to 6 %, and a chart of attempts over time. Times are rounded to the minute. It\n" +
			"reads the files, so the relay need not run.",
		Example: "  sidehook history stats --since 7d",
		Args:    noArgument,
		RunE: func(*cobra.Command, []string) error {
			now := time.Now()
			from, err := parseTime("since", since, now)
			if err != nil {
				return err
			}
			return c.historyStats(from, now, asJSON)
		},
	}
	cmd.Flags().StringVar(&since, "since", "24h", "count since `TIME`: "+timeFormat)
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
	Failed    uint64 `json:"failed"` // attempts that were not delivered
}

// chartParts is how many bars a chart has.
const chartParts = 24

func (c *cli) historyStats(since, until time.Time, asJSON bool) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	reader, err := openHistory(file.History.Dir)
	if err != nil {
		return err
	}
	defer reader.Close()
	list, err := reader.Stats(since, until, chartParts)
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
			if err := c.printJSON(&rows[i]); err != nil {
				return err
			}
		}
	case len(rows) == 0:
		c.notice("no attempts since %s in the history", terminal.Local(since, terminal.ZonedTime))
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

// optionalMillis formats a latency, "" if there is none.
func optionalMillis(ms *float64) string {
	if ms == nil {
		return ""
	}
	return terminal.Millis(*ms)
}

// printStats prints a row for each webhook. On a narrow terminal the charts have a
// table of their own.
func (c *cli) printStats(rows []webhookStats) {
	t := terminal.Table{To: c.out, Wide: []string{"WEBHOOK"}, Optional: []string{"P90", "P50", "RETRIED", "EVENTS", "P99"}}
	charts := terminal.Table{To: c.out}
	t.Add(terminal.Heads("WEBHOOK", "EVENTS", "DELIVERED", "RETRIED", "GIVEN UP", "SUCCESS", "P50", "P90", "P99")...)
	charts.Add(terminal.Heads("WEBHOOK", "SINCE "+terminal.Local(rows[0].Since, terminal.ZonedTime))...)
	text, number := terminal.Normal.Cell, func(n uint64) terminal.Cell { return terminal.Normal.Cell(strconv.FormatUint(n, 10)) }
	for i := range rows {
		w := &rows[i]
		t.Add(
			terminal.Bold.Cell(w.Webhook), number(w.Events), number(w.Delivered), number(w.Retried), number(w.GivenUp), w.rate(),
			text(optionalMillis(w.P50)), text(optionalMillis(w.P90)), text(optionalMillis(w.P99)),
		)
		charts.Add(terminal.Bold.Cell(w.Webhook), text(bars(w.Chart)))
	}
	if t.AppendColumns(&charts) {
		t.Print()
		return
	}
	t.Print()
	c.out.Line()
	charts.Print()
}

// rate returns the cell of the success rate. It is rounded down, so 100 % means all.
func (w *webhookStats) rate() terminal.Cell {
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
