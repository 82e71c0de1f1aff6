package query

import (
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
)

// Stats counts the attempts of a webhook in a span of time.
type Stats struct {
	Webhook string
	index.Tally
	// Chart has the counts of equal parts of the span.
	Chart []index.Tally
}

func newStats(webhook string, parts int) *Stats {
	return &Stats{Webhook: webhook, Chart: make([]index.Tally, parts)}
}

// Begun returns how many deliveries had their first attempt, or ended without one.
func (s *Stats) Begun() uint64 { return s.Counts[lookup.CountBegun] }

// Count returns how many attempts had a status.
func (s *Stats) Count(status history.Status) uint64 { return countOf(&s.Tally, status) }

// ChartCount is Count of a part of the chart.
func (s *Stats) ChartCount(i int, status history.Status) uint64 { return countOf(&s.Chart[i], status) }

func countOf(t *index.Tally, status history.Status) uint64 {
	return t.Counts[lookup.CounterOf(status)]
}

// Stats counts the attempts from since on and before until, by webhook, in the order of
// their names, with a chart of so many parts. It counts by the minute: all of the minutes
// that since and until are in count.
func (r *Reader) Stats(since, until time.Time, parts int) ([]Stats, error) {
	t := NewTally(since, until, parts)
	for _, first := range r.deliveries.Segments() {
		if err := r.minutes(first, since, t.End(), t.Add); err != nil && !lookup.IsGone(err) {
			return nil, err
		}
	}
	return t.Stats(), nil
}

// Tally counts minutes by webhook.
type Tally struct {
	since, until time.Time
	parts        int
	webhooks     map[string]*Stats
}

// NewTally begins one of the minutes from that of since on, and before until.
func NewTally(since, until time.Time, parts int) *Tally {
	return &Tally{since.Truncate(time.Minute), until, parts, map[string]*Stats{}}
}

// End is the end of the last minute that counts.
func (t *Tally) End() time.Time { return t.until.Add(time.Minute - 1).Truncate(time.Minute) }

// Add counts a minute, or a part of one.
func (t *Tally) Add(m *index.Minute) {
	if m.At.Before(t.since) || !m.At.Before(t.until) {
		return
	}
	s := t.webhooks[m.Webhook]
	if s == nil {
		s = newStats(m.Webhook, t.parts)
		t.webhooks[m.Webhook] = s
	}
	s.Merge(&m.Tally)
	if t.parts > 0 {
		span := max(t.until.Sub(t.since), 1)
		s.Chart[min(t.parts-1, int(float64(t.parts)*float64(m.At.Sub(t.since))/float64(span)))].Merge(&m.Tally)
	}
}

// Stats returns the counts in the order of the names.
func (t *Tally) Stats() []Stats {
	list := make([]Stats, 0, len(t.webhooks))
	for _, name := range slices.Sorted(maps.Keys(t.webhooks)) {
		list = append(list, *t.webhooks[name])
	}
	return list
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
