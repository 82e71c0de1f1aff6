package relay

import (
	"context"
	"errors"
	"fmt"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/sign"
)

// Cancel ends the matching waiting deliveries, also of webhooks that were removed. A
// delivery whose event cannot be read now stays, and an error says so.
func (o *operator) Cancel(_ context.Context, c api.CancelRequest) (int, error) {
	active, _ := o.current()
	known := active.webhooks[c.Webhook].config != nil || c.Webhook == ""
	ended := 0
	var failed error
	for _, q := range o.journal.Queues() {
		if c.Webhook != "" && q.Name() != c.Webhook {
			continue
		}
		known = true
		n, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
			e, err := event.Parse(w.Event, w.Filled)
			if err != nil || !matches(&c, w, &e) {
				return history.Attempt{}, queue.Keep
			}
			return history.Attempt{
				Generation: active.generation, Status: history.Canceled, Error: "canceled by request", Event: e.ID, Type: e.Type,
			}, queue.End
		})
		ended += n
		failed = errors.Join(failed, err)
	}
	if !known {
		return 0, &admin.NotFoundError{What: fmt.Sprintf("webhook %q", c.Webhook)}
	}
	if failed != nil {
		return ended, fmt.Errorf("canceled %d deliveries; others may still wait, so cancel again: %w", ended, failed)
	}
	return ended, nil
}

func matches(c *api.CancelRequest, w *queue.Waiting, e *event.Event) bool {
	which := query.ParseEventRef(c.Event)
	switch {
	case which.Seq != 0 && which.Seq != w.Seq,
		which.ID != "" && which.ID != e.ID && which.ID != sign.DeliveryID(e.Source, e.ID),
		c.Type != "" && c.Type != e.Type,
		!c.Since.IsZero() && w.Accepted.Before(c.Since.Time),
		!c.Until.IsZero() && !w.Accepted.Before(c.Until.Time):
		return false
	}
	return true
}
