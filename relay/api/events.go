package api

import (
	"net/url"
	"strconv"
	"time"

	"sidehook/history"
)

// EventsQuery asks for accepted events: those that match all that is given.
type EventsQuery struct {
	Type    string // a glob
	Webhook string // that the event was accepted for; with Waiting, that it waits for
	Matched string // true: a webhook wanted it; false: none did; "": either
	Waiting string // true: something of it has not ended; false: all has; "": either
	Since   time.Time
	Until   time.Time // not included
	Limit   int       // 0: 100
	Cursor  string    // of the page before
}

// Values returns the query parameters.
func (q EventsQuery) Values() url.Values {
	v := values{}
	v.text("type", q.Type)
	v.text("webhook", q.Webhook)
	v.text("matched", q.Matched)
	v.text("waiting", q.Waiting)
	v.span(q.Since, q.Until)
	v.page(q.Limit, q.Cursor)
	return url.Values(v)
}

// Events is a page of accepted events, the newest first.
type Events struct {
	Events []AcceptedEvent `json:"events"`
	Cursor string          `json:"cursor,omitempty"` // of the next page; "": this is the last
}

// AcceptedEvent is an event that was accepted, and what has become of it.
type AcceptedEvent struct {
	Seq    history.Seq `json:"seq"`
	At     time.Time   `json:"at"` // when it was accepted
	ID     string      `json:"id"`
	Source string      `json:"source"`
	Type   string      `json:"type"`
	// Webhooks has a status for each webhook that gets the event: waiting before
	// the first attempt, retrying, or how the newest delivery to it ended. It is
	// empty if no webhook wanted the event.
	Webhooks map[string]history.Status `json:"webhooks"`
}

// values are query parameters. What is empty is left out.
type values url.Values

func (v values) text(name, value string) {
	if value != "" {
		v[name] = []string{value}
	}
}

func (v values) span(since, until time.Time) {
	for name, at := range map[string]time.Time{"since": since, "until": until} {
		if !at.IsZero() {
			v.text(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
}

func (v values) page(limit int, cursor string) {
	if limit > 0 {
		v.text("limit", strconv.Itoa(limit))
	}
	v.text("cursor", cursor)
}
