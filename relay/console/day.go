package console

import (
	"context"
	"html/template"
	"time"

	"sidehook/history"
	"sidehook/history/stats"
	"sidehook/relay/console/figure"
	"sidehook/relay/console/lastday"
)

// dayWait is how long a page waits for the first count of the last day.
const dayWait = 100 * time.Millisecond

// day is how the last day went for one webhook.
type day struct {
	Counted bool // false: that comes while the page is open
	First   time.Time
	Most    int // attempts in an hour
	hours   []figure.Hour

	Delivered, Failed, GivenUp int
}

// readDay counts the deliveries of the last day from the history.
func (h *Handler) readDay(ctx context.Context, since, until time.Time, visit func(string, time.Time, lastday.Hour) bool) error {
	return h.operator.Recent(ctx, since, until, func(m *stats.Minute) bool {
		return visit(m.Webhook, m.At, lastday.Hour{Delivered: uint32(m.Delivered), Failed: uint32(m.Failed), GivenUp: uint32(m.GivenUp)})
	})
}

// dayOf returns the last day of a webhook, as far as it is counted.
func (h *Handler) dayOf(webhook string) day {
	hours, ok := h.days.Of(webhook)
	sum := lastday.Sum(hours)
	d := day{Counted: ok, First: h.days.First(), Delivered: int(sum.Delivered), Failed: int(sum.Failed), GivenUp: int(sum.GivenUp)}
	for _, hour := range hours {
		d.hours = append(d.hours, figure.Hour{Delivered: int(hour.Delivered), Failed: int(hour.Failed)})
		d.Most = max(d.Most, int(hour.Delivered+hour.Failed))
	}
	return d
}

// Chart draws the hours.
func (d day) Chart() template.HTML { return figure.Sparkline(d.hours) }

// Success is the share of the deliveries that ended which arrived, nil if none ended.
func (d day) Success() *float64 { return history.SuccessRate(uint64(d.Delivered), uint64(d.GivenUp)) }
