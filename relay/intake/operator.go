package intake

import (
	"context"
	"net/http"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// Post accepts one event of an operator, as POST /v1/events does with a body of
// application/json. It is durable on return, and its record says who posted it.
func (h *Handler) Post(ctx context.Context, body []byte, by string) (api.Receipt, *httpd.Problem) {
	x := h.pool.Get().(*exchange)
	defer h.release(x)
	if len(body) > h.opts.MaxEventSize {
		return api.Receipt{}, httpd.Refuse(http.StatusRequestEntityTooLarge, eventTooLarge(h.opts.MaxEventSize))
	}
	var p *httpd.Problem
	if x.reserved, p = h.bodies.take(ctx, len(body)); p != nil {
		return api.Receipt{}, p
	}
	x.body = append(x.body[:0], body...)
	if p := x.decode(h.settings.Load(), plain, nil); p != nil {
		return api.Receipt{}, p
	}
	for i := range x.entries {
		x.entries[i].By = by
	}
	if p := h.store(ctx, x, plain); p != nil {
		return api.Receipt{}, p
	}
	h.count(ctx, x)
	return x.answers[0].Receipt, nil
}
