package stats

import (
	"maps"
	"slices"
	"time"

	"sidehook/history"
)

// ChartParts is how many parts the chart of a summary has.
const ChartParts = 24

// Summarize puts together how deliveries went from since on and before until: counts, what
// waits now, and outages, by webhook, in the order of their names; only one webhook if it
// is named.
func Summarize(webhook string, since, until time.Time, counts []Webhook, waiting map[string]uint64, outages Outages) []history.WebhookStats {
	known := map[string]*Webhook{}
	for i := range counts {
		known[counts[i].Name] = &counts[i]
	}
	for name := range waiting {
		if known[name] == nil {
			known[name] = newWebhook(name, ChartParts)
		}
	}
	for name, of := range outages {
		if known[name] == nil && len(of) > 0 {
			known[name] = newWebhook(name, ChartParts)
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

func (w *Webhook) summary() history.WebhookStats {
	s := history.WebhookStats{
		Webhook: w.Name, Events: w.Begun(),
		Delivered: w.Count(history.Delivered), Retried: w.Count(history.Retrying), GivenUp: givenUp(w.Count),
	}
	if len(w.Took) > 0 {
		quantile := func(part float64) *float64 {
			ms := float64(w.Took.Quantile(part).Microseconds()) / 1000
			return &ms
		}
		s.P50, s.P90, s.P99 = quantile(.5), quantile(.9), quantile(.99)
	}
	s.SuccessRate = history.SuccessRate(s.Delivered, s.GivenUp)
	for i := range w.Chart {
		count := func(status history.Status) uint64 { return w.ChartCount(i, status) }
		s.Chart = append(s.Chart, history.ChartPart{Delivered: count(history.Delivered), Failed: count(history.Retrying) + givenUp(count)})
	}
	return s
}

func givenUp(count func(history.Status) uint64) (n uint64) {
	for _, status := range history.Undelivered() {
		n += count(status)
	}
	return n
}
