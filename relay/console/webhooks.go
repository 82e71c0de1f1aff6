package console

import (
	"context"
	"encoding/json"
	"fmt"

	"sidehook/relay/api"
)

// listing is the page of all webhooks.
type listing struct {
	Search    string
	States    string // the state that is selected; "": any
	Attention bool   // those that need it come first
	Rows      []hook
	pager
	None    bool // there is no webhook at all
	MayEdit bool
}

// hook is a webhook with the keys of its entry that are shown.
type hook struct {
	api.Webhook
	Description string
	URL         string
	Events      []string
	Day         day
}

// hookOf reads what is shown of the entry.
func hookOf(w api.Webhook) (hook, error) {
	k := hook{Webhook: w}
	if len(w.Configured) == 0 {
		return k, nil
	}
	// The webhook itself reads nothing of its own entry.
	var entry struct {
		Description string   `json:"description"`
		URL         string   `json:"url"`
		Events      []string `json:"events"`
	}
	if err := json.Unmarshal(w.Configured, &entry); err != nil {
		return k, fmt.Errorf("webhook %q: %w", w.Name, err)
	}
	k.Description, k.URL, k.Events = entry.Description, entry.URL, entry.Events
	return k, nil
}

func (h *Handler) webhooks(ctx context.Context, r *request, _ string) (*page, error) {
	asked := r.URL.Query()
	l := listing{Search: asked.Get("q"), States: asked.Get("state"), MayEdit: r.mayEdit}
	q := api.WebhooksQuery{Search: l.Search, Limit: perPage, Cursor: asked.Get("cursor")}
	if l.States != "" {
		q.States = []string{l.States}
	}
	list, err := h.operator.Webhooks(ctx, q)
	if err != nil {
		return nil, err
	}
	h.days.Refresh(ctx, dayWait)
	for _, w := range list.Webhooks {
		k, err := hookOf(w)
		if err != nil {
			return nil, err
		}
		k.Day = h.dayOf(k.Name)
		l.Rows = append(l.Rows, k)
	}
	l.None = len(l.Rows) == 0 && l.Search == "" && l.States == "" && q.Cursor == ""
	l.pager = pagerOf(r.URL, list.Cursor)
	return &page{title: "Webhooks", section: "/", view: "webhooks", data: l, parts: []string{"webhooks"}}, nil
}
