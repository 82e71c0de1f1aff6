package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/console/filter"
)

// events are the page of what was accepted, the newest first.
type events struct {
	Filter *filter.Filter
	Live   bool // new rows come while the page is open
	Rows   []acceptedRow
	filter.Pager
}

// acceptedRow is an event, and what has become of it.
type acceptedRow struct {
	Seq      history.Seq
	At       time.Time
	ID       string
	Source   string
	Type     string
	Test     string // the webhook that it is a test of
	Webhooks []standing
	More     int // webhooks that are not named
}

// standing is what has become of an event at a webhook.
type standing struct{ Webhook, Status string }

// mostNamed is how many webhooks a row names: those first that have not got the event.
const mostNamed = 3

func (h *Handler) events(ctx context.Context, r *request, _ string) (*page, error) {
	f := filter.Of(r.URL)
	q := query.EventQuery{
		Type: f.Glob("type"), Webhook: f.Text("webhook"), Matched: f.Choice("matched"), Waiting: f.Choice("waiting"),
		Before: filter.Before(f, query.ParseEventCursor), Limit: filter.PerPage,
	}
	q.Since, q.Until = f.Span()
	list := &events{Filter: f}
	p := &page{title: "Events", section: "/events", view: "events", data: list}
	if len(f.Wrong) > 0 {
		return p, nil
	}
	records, err := h.operator.History(ctx)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	// This comes before the rows are read, so that no event in between is missed.
	newest, err := records.NewestEvent()
	if err != nil {
		return nil, err
	}
	if list.Live = q.Before == 0 && q.Until.IsZero(); list.Live {
		p.newest = uint64(newest)
		p.newer = func(than uint64) (any, error) {
			q := q
			q.After, q.Limit = history.Seq(than), mostNewer
			return h.readEvents(ctx, q)
		}
		p.again = func() (any, error) { return h.readEvents(ctx, q) }
	}
	if r.live {
		return p, nil
	}
	more := false
	err = records.Events(ctx, q, func(e *query.AcceptedEvent) bool {
		if more = len(list.Rows) == filter.PerPage; !more {
			list.Rows = append(list.Rows, acceptedRowOf(e))
		}
		return !more && r.Context().Err() == nil
	})
	next := ""
	if more {
		next = query.EventCursor(list.Rows[filter.PerPage-1].Seq)
	}
	list.Pager = filter.PagerOf(r.URL, next)
	return p, err
}

// readEvents reads rows for an open page.
func (h *Handler) readEvents(ctx context.Context, q query.EventQuery) (*events, error) {
	list := &events{}
	records, err := h.operator.History(ctx)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	err = records.Events(ctx, q, func(e *query.AcceptedEvent) bool {
		list.Rows = append(list.Rows, acceptedRowOf(e))
		return len(list.Rows) < q.Limit
	})
	return list, err
}

func acceptedRowOf(e *query.AcceptedEvent) acceptedRow {
	row := acceptedRow{Seq: e.Seq, At: e.At, ID: e.Parsed.ID, Source: e.Parsed.Source, Type: e.Parsed.Type, Test: e.Test}
	for webhook, status := range e.Statuses {
		row.Webhooks = append(row.Webhooks, standing{webhook, string(status)})
	}
	arrived := func(s standing) int {
		if s.Status == string(history.Delivered) {
			return 1
		}
		return 0
	}
	slices.SortFunc(row.Webhooks, func(a, b standing) int {
		return cmp.Or(arrived(a)-arrived(b), cmp.Compare(a.Webhook, b.Webhook))
	})
	if row.More = len(row.Webhooks) - mostNamed; row.More > 0 {
		row.Webhooks = row.Webhooks[:mostNamed]
	}
	return row
}

// IsUnwanted reports whether nobody wanted the event.
func (r acceptedRow) IsUnwanted() bool { return len(r.Webhooks) == 0 && r.Test == "" }
