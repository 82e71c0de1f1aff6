package reading

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

func (c commands) statsCommand() *cobra.Command {
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
			return c.stats(cmd.Context(), q, webhooks, asJSON)
		},
	}
	cmd.Flags().StringArrayVar(&webhooks, "webhook", nil, "only the webhook `NAME`; repeat it")
	cmd.Flags().StringVar(&f.Since, "since", "24h", "count since `TIME`: "+usage.TimeFormat)
	cmd.Flags().StringVar(&f.Until, "until", "", "count before `TIME`")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c commands) stats(ctx context.Context, q api.StatsQuery, webhooks []string, asJSON bool) error {
	file, err := c.Load(config.Tools)
	if err != nil {
		return err
	}
	s, err := c.Source(ctx, file)
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
			if err := c.Out.JSON(&rows[i]); err != nil {
				return err
			}
		}
	case len(rows) == 0:
		c.Err.Noticef("no attempts since %s in the history", terminal.Local(q.Since, terminal.ZonedTime))
	default:
		report.PrintStats(c.Out, rows)
	}
	return nil
}
