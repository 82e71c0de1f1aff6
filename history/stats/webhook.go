// Package stats turns the counts of attempts by the minute into figures: how the deliveries
// to a webhook went in a span of time, its chart, its success rate and its outages. It
// reads nothing: the engines give it minutes and the records of states. history/query and
// history/postgres/archive call it, and the relay takes its Minute.
package stats

import (
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
)

// Webhook counts the attempts of a webhook in a span of time.
type Webhook struct {
	Name string
	index.Tally
	// Chart has the counts of equal parts of the span.
	Chart []index.Tally
}

func newWebhook(name string, parts int) *Webhook {
	return &Webhook{Name: name, Chart: make([]index.Tally, parts)}
}

// Begun returns how many deliveries had their first attempt, or ended without one.
func (w *Webhook) Begun() uint64 { return w.Counts[lookup.CountBegun] }

// Count returns how many attempts had a status.
func (w *Webhook) Count(status history.Status) uint64 { return countOf(&w.Tally, status) }

// ChartCount is Count of a part of the chart.
func (w *Webhook) ChartCount(i int, status history.Status) uint64 {
	return countOf(&w.Chart[i], status)
}

func countOf(t *index.Tally, status history.Status) uint64 {
	return t.Counts[lookup.CounterOf(status)]
}

// Tally counts minutes by webhook.
type Tally struct {
	since, until time.Time
	parts        int
	webhooks     map[string]*Webhook
}

// NewTally begins one of the minutes from that of since on, and before until.
func NewTally(since, until time.Time, parts int) *Tally {
	return &Tally{since.Truncate(time.Minute), until, parts, map[string]*Webhook{}}
}

// End is the end of the last minute that counts.
func (t *Tally) End() time.Time { return t.until.Add(time.Minute - 1).Truncate(time.Minute) }

// Add counts a minute, or a part of one.
func (t *Tally) Add(m *index.Minute) {
	if m.At.Before(t.since) || !m.At.Before(t.until) {
		return
	}
	w := t.webhooks[m.Webhook]
	if w == nil {
		w = newWebhook(m.Webhook, t.parts)
		t.webhooks[m.Webhook] = w
	}
	w.Merge(&m.Tally)
	if t.parts > 0 {
		span := max(t.until.Sub(t.since), 1)
		w.Chart[min(t.parts-1, int(float64(t.parts)*float64(m.At.Sub(t.since))/float64(span)))].Merge(&m.Tally)
	}
}

// Webhooks returns the counts in the order of the names.
func (t *Tally) Webhooks() []Webhook {
	list := make([]Webhook, 0, len(t.webhooks))
	for _, name := range slices.Sorted(maps.Keys(t.webhooks)) {
		list = append(list, *t.webhooks[name])
	}
	return list
}
