package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"sidehook/history/event"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// cancelBody says what of an event ends, for which webhook.
type cancelBody struct {
	Event   string `json:"event"`
	Webhook string `json:"webhook"`
}

// doCancel ends what waits of an event for a webhook.
func (h *Handler) doCancel(ctx context.Context, body []byte) (o outcome, err error) {
	var c cancelBody
	if err := readBody(body, &c); err != nil {
		return o, err
	}
	if c.Event == "" || c.Webhook == "" {
		return o, &admin.BadRequestError{Problem: "event and webhook are required"}
	}
	n, err := h.operator.Cancel(ctx, api.CancelRequest{Event: c.Event, Webhook: c.Webhook})
	switch {
	case err != nil:
		return o, err
	case n == 0:
		return o, &admin.UnprocessableError{Problem: "nothing waits any more"}
	}
	h.opts.Log.Info("canceled a delivery", "webhook", c.Webhook, "event", c.Event, "by", By)
	o.Message = "The delivery is canceled."
	return o, nil
}

// copyBody is a new event, as the form of a copy has it.
type copyBody struct {
	Event string `json:"event"` // JSON
}

// doCopy posts a new event.
func (h *Handler) doCopy(ctx context.Context, body []byte) (o outcome, err error) {
	var c copyBody
	if err := readBody(body, &c); err != nil {
		return o, err
	}
	receipt, err := h.operator.PostEvent(ctx, []byte(c.Event), By)
	if err != nil {
		return o, err
	}
	if receipt.Duplicate {
		return o, &admin.UnprocessableError{Problem: fmt.Sprintf("an event with id %q was accepted before; give the copy an id of its own", receipt.ID)}
	}
	h.opts.Log.Info("posted a copy of an event", "event", receipt.ID, "webhooks", receipt.Webhooks, "by", By)
	o.Location = "/events/" + url.PathEscape(receipt.ID)
	return o, nil
}

// maxCopy is how large an event may be to be changed in a form.
const maxCopy = 64 << 10

// copyOf returns an event as JSON to be posted again: with an id of its own, and without
// what sidehook filled in. It returns "" if the event is too large for a form.
func copyOf(e *event.Event) (string, error) {
	if len(e.JSON) > maxCopy {
		return "", nil
	}
	object := []byte{'{'}
	add := func(name string, raw []byte) {
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = append(append(event.AppendString(object, name), ':'), raw...)
	}
	id := event.AppendString(nil, uuid.NewString())
	known := false
	for name, raw := range e.Members() {
		switch isID := name == "id" || name == "eventId" || name == "eventID"; {
		case isID && !known:
			known = true
			add(name, id)
		case slices.Contains(e.Filled, name):
		default:
			add(name, raw)
		}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, append(object, '}'), "", "  "); err != nil {
		return "", fmt.Errorf("copy the event: %w", err)
	}
	return b.String(), nil
}
