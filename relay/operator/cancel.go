package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/engine"
	"sidehook/relay/sign"
)

// Cancel ends the matching waiting deliveries, also of webhooks that were removed. A
// delivery whose event cannot be read now stays, and an error says so.
func (o *Operator) Cancel(ctx context.Context, c api.CancelRequest) (int, error) {
	o.journal.WaitQueued(ctx)
	ended, err := o.CancelOwned(c)
	var others atomic.Int64
	failed := o.askAll(ctx, c.Webhook, func(ctx context.Context, webhook string) error {
		n := 0
		err := o.journal.AskOwner(ctx, webhook, engine.AskCancel, c, &n)
		others.Add(int64(n))
		return err
	})
	return ended + int(others.Load()), errors.Join(err, failed)
}

func (o *Operator) CancelOwned(c api.CancelRequest) (int, error) {
	active, _ := o.current()
	ended, err := o.waiting(c, func(_ *queue.Waiting, e *event.Event) (history.Attempt, queue.Verdict) {
		return history.Attempt{
			Generation: active.Generation, Status: history.Canceled, Error: "canceled by request", Event: e.ID, Type: e.Type,
		}, queue.End
	})
	if err != nil && ended > 0 {
		err = fmt.Errorf("canceled %d deliveries; others may still wait, so cancel again: %w", ended, err)
	}
	return ended, err
}

// SelectCancel returns what Cancel would end.
func (o *Operator) SelectCancel(ctx context.Context, c api.CancelRequest) (selected api.Selected, err error) {
	o.journal.WaitQueued(ctx)
	if selected, err = o.SelectOwned(c); err != nil {
		return selected, err
	}
	var mu sync.Mutex
	err = o.askAll(ctx, c.Webhook, func(ctx context.Context, webhook string) error {
		var more api.Selected
		if err := o.journal.AskOwner(ctx, webhook, engine.AskSelectCancel, c, &more); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		selected.Count += more.Count
		for _, id := range more.Events {
			if len(selected.Events) < api.MaxSelected && !slices.Contains(selected.Events, id) {
				selected.Events = append(selected.Events, id)
			}
		}
		return nil
	})
	return selected, err
}

func (o *Operator) SelectOwned(c api.CancelRequest) (selected api.Selected, err error) {
	first := map[history.Seq]bool{}
	_, err = o.waiting(c, func(w *queue.Waiting, e *event.Event) (history.Attempt, queue.Verdict) {
		if selected.Count++; len(selected.Events) < api.MaxSelected && !first[w.Seq] {
			first[w.Seq] = true
			selected.Events = append(selected.Events, strings.Clone(e.ID))
		}
		return history.Attempt{}, queue.Keep
	})
	return selected, err
}

// waiting visits the waiting deliveries that match, and returns how many visit ended.
func (o *Operator) waiting(c api.CancelRequest, visit func(*queue.Waiting, *event.Event) (history.Attempt, queue.Verdict)) (ended int, failed error) {
	active, _ := o.current()
	_, elsewhere := o.journal.Figures()[c.Webhook]
	known := active.Webhooks[c.Webhook].Config != nil || c.Webhook == "" || elsewhere
	for _, q := range o.journal.Queues() {
		if c.Webhook != "" && q.Name() != c.Webhook || !o.journal.Owns(q.Name()) {
			continue
		}
		known = true
		n, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
			e, err := event.Parse(w.Event, w.Filled)
			if err != nil || !matches(&c, w, &e) {
				return history.Attempt{}, queue.Keep
			}
			return visit(w, &e)
		})
		ended += n
		failed = errors.Join(failed, err)
	}
	if !known {
		return 0, &admin.NotFoundError{What: fmt.Sprintf("webhook %q", c.Webhook)}
	}
	return ended, failed
}

func matches(c *api.CancelRequest, w *queue.Waiting, e *event.Event) bool {
	which := query.ParseEventRef(c.Event)
	switch {
	case which.Seq != 0 && which.Seq != w.Seq,
		which.ID != "" && which.ID != e.ID && which.ID != sign.DeliveryID(e.Source, e.ID),
		!query.Glob(c.Type).Match(e.Type),
		!c.Since.IsZero() && w.Accepted.Before(c.Since.Time),
		!c.Until.IsZero() && !w.Accepted.Before(c.Until.Time):
		return false
	}
	return true
}
