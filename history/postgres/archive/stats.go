package archive

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/stats"
)

// Summaries returns how deliveries went from since on and before until, and what waits
// now, by webhook, in the order of their names; only one webhook if it is named.
func (r *Reader) Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error) {
	ctx := context.Background()
	counts, err := r.stats(ctx, since, until, stats.ChartParts)
	if err != nil {
		return nil, err
	}
	waiting, err := r.Backlogs()
	if err != nil {
		return nil, err
	}
	outages, err := r.outages(ctx, since, until)
	if err != nil {
		return nil, err
	}
	return stats.Summarize(webhook, since, until, counts, waiting, outages), nil
}

// stats counts the attempts by webhook, with a chart of so many parts.
func (r *Reader) stats(ctx context.Context, since, until time.Time, parts int) ([]stats.Webhook, error) {
	t := stats.NewTally(since, until, parts)
	err := r.minutes(ctx, span{since: since.Truncate(time.Minute), until: t.End()}, func(m *index.Minute) bool {
		t.Add(m)
		return true
	})
	return t.Webhooks(), err
}

// outages returns when each webhook was failing or disabled within a span.
func (r *Reader) outages(ctx context.Context, since, until time.Time) (stats.Outages, error) {
	all := stats.Outages{}
	var x deliveryRow
	err := r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts WHERE kind = 'webhook' AND NOT late ORDER BY n`, nil, x.scanned(), func() bool {
		o := x.record()
		all.Learn(&o)
		return true
	})
	return all.Within(since, until), err
}
