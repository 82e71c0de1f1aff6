package query

import (
	"maps"
	"slices"
	"time"

	"sidehook/history"
)

// ChartParts is how many parts the chart of a summary has.
const ChartParts = 24

// Summaries returns how deliveries went from since on and before until, and what waits
// now, by webhook, in the order of their names; only one webhook if it is named. It has
// those that had attempts, have deliveries that wait, or had an outage. Counts are of
// whole minutes, as those of Stats.
func (r *Reader) Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error) {
	stats, err := r.Stats(since, until, ChartParts)
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
	return Summarize(webhook, since, until, stats, waiting, outages), nil
}

// Summarize puts together what Summaries returns.
func Summarize(webhook string, since, until time.Time, stats []Stats, waiting map[string]uint64, outages Outages) []history.WebhookStats {
	known := map[string]*Stats{}
	for i := range stats {
		known[stats[i].Webhook] = &stats[i]
	}
	for name := range waiting {
		if known[name] == nil {
			known[name] = newStats(name, ChartParts)
		}
	}
	for name, of := range outages {
		if known[name] == nil && len(of) > 0 {
			known[name] = newStats(name, ChartParts)
		}
	}
	var list []history.WebhookStats
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if webhook == "" || webhook == name {
			w := known[name].summary()
			w.Since, w.Until, w.Waiting = since, until, waiting[name]
			w.Outages = append([]history.Outage{}, outages[name]...)
			list = append(list, w)
		}
	}
	return list
}

func (s *Stats) summary() history.WebhookStats {
	w := history.WebhookStats{
		Webhook: s.Webhook, Events: s.Begun(),
		Delivered: s.Count(history.Delivered), Retried: s.Count(history.Retrying), GivenUp: givenUp(s.Count),
	}
	if len(s.Took) > 0 {
		quantile := func(part float64) *float64 {
			ms := float64(s.Took.Quantile(part).Microseconds()) / 1000
			return &ms
		}
		w.P50, w.P90, w.P99 = quantile(.5), quantile(.9), quantile(.99)
	}
	w.SuccessRate = history.SuccessRate(w.Delivered, w.GivenUp)
	for i := range s.Chart {
		count := func(status history.Status) uint64 { return s.ChartCount(i, status) }
		w.Chart = append(w.Chart, history.ChartPart{Delivered: count(history.Delivered), Failed: count(history.Retrying) + givenUp(count)})
	}
	return w
}

func givenUp(count func(history.Status) uint64) (n uint64) {
	for _, status := range history.Undelivered() {
		n += count(status)
	}
	return n
}
