package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/filter"
)

// listing is the page of all webhooks.
type listing struct {
	Search    string
	States    string // the state that is selected; "": any
	Attention bool   // those that need it come first
	Rows      []hook
	filter.Pager
	Other   string // the address of the same in the other order
	None    bool   // there is no webhook at all
	MayEdit bool
}

// hook is a webhook with the keys of its entry that are shown.
type hook struct {
	api.Webhook
	Description string
	URL         string
	Events      []string
	Wanted      []catalogue.Wanted
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
	l := listing{
		Search: strings.TrimSpace(asked.Get("q")), States: asked.Get("state"), Attention: asked.Get("sort") == "attention", MayEdit: r.mayEdit,
	}
	q := api.WebhooksQuery{Search: l.Search, Attention: l.Attention, Limit: filter.PerPage, Cursor: asked.Get("cursor")}
	if l.States != "" {
		q.States = []string{l.States}
	}
	list, err := h.operator.Webhooks(ctx, q)
	if err != nil {
		return nil, err
	}
	if to := h.eventSearched(ctx, r, l.Search, len(list.Webhooks)); to != "" {
		return &page{location: to}, nil
	}
	h.days.Refresh(ctx, dayWait)
	types := catalogue.Group(h.operator.EventTypes())
	for _, w := range list.Webhooks {
		k, err := hookOf(w)
		if err != nil {
			return nil, err
		}
		k.Day, k.Wanted = h.dayOf(k.Name), types.Wanted(k.Events)
		l.Rows = append(l.Rows, k)
	}
	l.None = len(l.Rows) == 0 && l.Search == "" && l.States == "" && q.Cursor == ""
	other := "attention"
	if l.Attention {
		other = ""
	}
	l.Other = filter.With(r.URL, "sort", other)
	l.Pager = filter.PagerOf(r.URL, list.Cursor)
	return &page{title: "Webhooks", section: "/", view: "webhooks", data: l, parts: []string{"webhooks"}}, nil
}

// eventSearched returns the path of the event that a search is for, "" if it is for none: a
// seq, or an id where no webhook matches.
func (h *Handler) eventSearched(ctx context.Context, r *request, search string, webhooks int) string {
	if search == "" || r.live {
		return ""
	}
	which := query.ParseEventRef(search)
	if which.Seq == 0 {
		if webhooks > 0 {
			return ""
		}
		if found, err := h.operator.Namesakes(ctx, search, 1); err != nil || len(found) == 0 {
			return ""
		}
	}
	return "/events/" + url.PathEscape(search)
}
