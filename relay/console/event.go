package console

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"sidehook/history"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/trace"
)

// maxNamesakes bounds how many other events of an id are named.
const maxNamesakes = 20

// eventPage is the page of an event.
type eventPage struct {
	*trace.View
	Others  []Namesake // other events of the id
	MayEdit bool
}

// event shows an event and what became of it: /events/ID, where ID may be seq:N, and
// ?source= tells several of one id apart. ?webhook= shows what became of it at one
// webhook, and ?attempt= all of one attempt.
func (h *Handler) event(ctx context.Context, r *request, id string) (*page, error) {
	found, err := h.operator.Event(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	asked := r.URL.Query()
	view, err := trace.New(ctx, h.operator, found, trace.Asked{Webhook: asked.Get("webhook"), Attempt: asked.Get("attempt")})
	if err != nil {
		return nil, err
	}
	p := eventPage{View: view, MayEdit: r.mayEdit}
	if p.Others, err = h.namesakes(ctx, view.ID, view.Seq); err != nil {
		return nil, err
	}
	return &page{title: view.ID, section: "/events", view: "event", data: p, parts: []string{"deliveries"}}, nil
}

// namesakes returns the other events of an id.
func (h *Handler) namesakes(ctx context.Context, id string, own history.Seq) ([]Namesake, error) {
	list, err := h.operator.Namesakes(ctx, id, maxNamesakes+1)
	return slices.DeleteFunc(list, func(n Namesake) bool { return n.Seq == uint64(own) }), err
}

// cancelBody says what of an event ends, for which webhook.
type cancelBody struct {
	Event   string `json:"event"`
	Webhook string `json:"webhook"`
}

// doCancel ends what waits of an event for a webhook.
func (h *Handler) doCancel(ctx context.Context, c cancelBody) (o outcome, err error) {
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
	h.opts.Log.Info("canceled a delivery", "webhook", c.Webhook, "event", c.Event, "by", by)
	o.Message = "The delivery is canceled."
	return o, nil
}

// copyBody is a new event, as the form of a copy has it.
type copyBody struct {
	Event string `json:"event"` // JSON
}

// doCopy posts a new event.
func (h *Handler) doCopy(ctx context.Context, c copyBody) (o outcome, err error) {
	receipt, err := h.operator.PostEvent(ctx, []byte(c.Event), by)
	if err != nil {
		return o, err
	}
	if receipt.Duplicate {
		return o, &admin.UnprocessableError{Problem: fmt.Sprintf("an event with id %q was accepted before; give the copy an id of its own", receipt.ID)}
	}
	h.opts.Log.Info("posted a copy of an event", "event", receipt.ID, "webhooks", receipt.Webhooks, "by", by)
	o.Location = "/events/" + url.PathEscape(receipt.ID)
	return o, nil
}
