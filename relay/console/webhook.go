package console

import (
	"context"

	"sidehook/relay/api"
	"sidehook/relay/console/catalogue"
)

// webhookPage is the page of one webhook: its state, and its history.
type webhookPage struct {
	hook
	MayEdit bool
	List    *attempts
}

func (h *Handler) webhook(ctx context.Context, r *request, name string) (*page, error) {
	w, err := h.operator.Webhook(ctx, name)
	if err != nil {
		return nil, err
	}
	k, err := hookOf(w)
	if err != nil {
		return nil, err
	}
	h.days.Refresh(ctx, dayWait)
	k.Day, k.Wanted = h.dayOf(name), catalogue.Group(h.operator.EventTypes()).Wanted(k.Events)
	p := &page{title: name, section: "/", view: "webhook", parts: []string{"about"}}
	list, err := h.attemptsFor(ctx, r, name, p)
	if err != nil {
		return nil, err
	}
	p.data = webhookPage{k, r.mayEdit, list}
	return p, nil
}

// deliveries is the page of all attempts.
func (h *Handler) deliveries(ctx context.Context, r *request, _ string) (*page, error) {
	p := &page{title: "Deliveries", section: "/deliveries", view: "deliveries"}
	list, err := h.attemptsFor(ctx, r, "", p)
	p.data = list
	return p, err
}

// Waits reports whether a webhook holds deliveries back, which Retry now changes.
func (k hook) Waits() bool { return k.Backlog.Events > 0 && k.State != "off" && k.State != "orphaned" }

// LastHourShown returns the last hour if anything happened in it.
func (k hook) LastHourShown() *api.LastHour {
	if l := k.LastHour; l.Delivered+l.Failed+l.GivenUp > 0 {
		return &l
	}
	return nil
}
