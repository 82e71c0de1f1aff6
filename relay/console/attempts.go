package console

import (
	"context"
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/console/filter"
	"sidehook/relay/measure"
)

// attempts are a list of attempts, the newest first: of a webhook, or of all.
type attempts struct {
	Filter  *filter.Filter
	Webhook string // "": of all, then each row names its webhook
	MayEdit bool
	Live    bool // new rows come while the page is open
	Rows    []attempt
	filter.Pager
}

// attempt is a row.
type attempt struct {
	N       history.LineNo
	At      time.Time
	Webhook string
	Event   string
	Of      history.Seq // of the event
	Type    string
	Status  string
	Code    int
	Error   string
	Next    time.Time
	Took    string
	Number  int // of the attempt; 0: the delivery ended without one
	Resend  bool
	Test    bool

	InRow bool // the webhook is named
	List  *attempts
}

// mostNewer bounds how many rows an open page gets at once. Of more, the newest count.
const mostNewer = 100

// attemptsFor returns the page of attempts that a request asks for. While the page is open,
// only what is new is read.
func (h *Handler) attemptsFor(ctx context.Context, r *request, webhook string, p *page) (*attempts, error) {
	f := filter.Of(r.URL)
	q := query.Query{
		Webhook: webhook, Type: f.Glob("type"), Statuses: f.Statuses("status", history.Statuses()), Codes: f.Codes("code"),
		Event: f.Text("event"), Before: filter.Before(f, query.ParseCursor), Unresolved: f.Choice("unresolved") == query.Yes,
	}
	q.Since, q.Until = f.Span()
	list := &attempts{Filter: f, Webhook: webhook, MayEdit: r.mayEdit}
	if webhook == "" {
		q.Webhook = f.Text("webhook")
	}
	if len(f.Wrong) > 0 {
		return list, nil
	}
	records, err := h.operator.History(ctx)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	// This comes before the rows are read, so that no attempt in between is missed.
	newest, err := records.Newest()
	if err != nil {
		return nil, err
	}
	// Whether a delivery is resolved is known only of what has ended.
	if list.Live = q.Before == 0 && q.Until.IsZero() && !q.Unresolved; list.Live {
		p.newest = uint64(newest)
		p.newer = func(than uint64) (any, error) {
			q.After = history.LineNo(than)
			fresh := *list
			return &fresh, h.readAttempts(ctx, q, &fresh)
		}
	}
	if r.live {
		return list, nil
	}
	var last history.LineNo
	more := false
	err = records.Attempts(q, func(o *history.DeliveryRecord) bool {
		if more = len(list.Rows) == filter.PerPage; more {
			return false
		}
		list.add(o)
		last = o.N
		return ctx.Err() == nil && r.Context().Err() == nil
	})
	next := ""
	if more {
		next = query.Cursor(last)
	}
	list.Pager = filter.PagerOf(r.URL, next)
	return list, err
}

// readAttempts reads the rows that are new on an open page.
func (h *Handler) readAttempts(ctx context.Context, q query.Query, list *attempts) error {
	records, err := h.operator.History(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	return records.Attempts(q, func(o *history.DeliveryRecord) bool {
		list.add(o)
		return len(list.Rows) < mostNewer && ctx.Err() == nil
	})
}

// add adds a row.
func (l *attempts) add(o *history.DeliveryRecord) { l.Rows = append(l.Rows, l.row(o)) }

func (l *attempts) row(o *history.DeliveryRecord) attempt {
	a := attempt{
		N: o.N, At: o.At, Webhook: o.Webhook, Event: o.Event, Of: o.Of, Type: o.Type, Status: string(o.Status), Code: o.Code,
		Error: o.Error, Next: o.Next, Number: o.Attempt, Resend: o.Resend, Test: o.Test, InRow: l.Webhook == "", List: l,
	}
	if a.Of == 0 {
		a.Of = o.Seq
	}
	if took := o.Lasted(); took > 0 {
		a.Took = measure.Millis(float64(took) / float64(time.Millisecond))
	}
	return a
}

// Columns is how many columns the table has.
func (l *attempts) Columns() int {
	if l.Webhook == "" {
		return 9
	}
	return 8
}

// Body is the JSON of the change that resends the event of a row to its webhook.
func (a attempt) Body() string {
	return changeOf(resendBody{Event: fmt.Sprintf("seq:%d", a.Of), Webhooks: []string{a.Webhook}})
}
