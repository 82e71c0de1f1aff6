package query

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
	"sidehook/history/stats"
)

// Summaries returns how deliveries went from since on and before until, and what waits
// now, by webhook, in the order of their names; only one webhook if it is named. It has
// those that had attempts, have deliveries that wait, or had an outage. Counts are of
// whole minutes, as those of Stats.
func (r *Reader) Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error) {
	counts, err := r.Stats(since, until, stats.ChartParts)
	if err != nil {
		return nil, err
	}
	waiting, err := r.Backlogs()
	if err != nil {
		return nil, err
	}
	outages, err := r.outages(since, until)
	if err != nil {
		return nil, err
	}
	return stats.Summarize(webhook, since, until, counts, waiting, outages), nil
}

// Stats counts the attempts from since on and before until, by webhook, in the order of
// their names, with a chart of so many parts. It counts by the minute: all of the minutes
// that since and until are in count.
func (r *Reader) Stats(since, until time.Time, parts int) ([]stats.Webhook, error) {
	t := stats.NewTally(since, until, parts)
	for _, first := range r.deliveries.Segments() {
		if err := r.minutes(first, since, t.End(), t.Add); err != nil && !lookup.IsGone(err) {
			return nil, err
		}
	}
	return t.Webhooks(), nil
}

// minutes visits the counts of a segment, from its index or its lines.
func (r *Reader) minutes(first uint64, since, until time.Time, visit func(*index.Minute)) error {
	each := func(m *index.Minute) bool {
		visit(m)
		return true
	}
	x, err := r.deliveries.Index(first)
	if err != nil || x != nil && (!x.Within(since, until) || x.Minutes(each) == nil) {
		return err
	}
	return r.count(first, until, each)
}

// outages returns when each webhook was failing or disabled within a span.
func (r *Reader) outages(since, until time.Time) (stats.Outages, error) {
	all := stats.Outages{}
	for _, first := range r.deliveries.Segments() {
		lines, err := r.deliveries.Lookup(first, lookup.WantStates())
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		for i := range lines {
			d := history.ParseDeliveryRecord(&lines[i])
			all.Learn(&d)
		}
	}
	return all.Within(since, until), nil
}
