package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"sidehook/history"
)

// DeliveriesQuery asks for attempts: those that match all that is given.
type DeliveriesQuery struct {
	Webhook  string
	Statuses []history.Status // any of them; none: any at all
	Code     string           // such as 503, or 5xx
	Type     string           // a glob
	Event    string           // an event's id, the id it was sent under, or seq:N
	// Unresolved leaves the deliveries that ended without having arrived, and have
	// not arrived by a resend since: of each the attempt that ended it last.
	Unresolved bool
	Since      time.Time
	Until      time.Time // not included
	Limit      int       // 0: 100
	Cursor     string    // of the page before
}

// Values returns the query parameters.
func (q DeliveriesQuery) Values() url.Values {
	v := values{}
	statuses := make([]string, len(q.Statuses))
	for i, status := range q.Statuses {
		statuses[i] = string(status)
	}
	v.text("webhook", q.Webhook)
	v.text("status", strings.Join(statuses, ","))
	v.text("code", q.Code)
	v.text("type", q.Type)
	v.text("event", q.Event)
	if q.Unresolved {
		v.text("unresolved", "true")
	}
	v.span(q.Since, q.Until)
	v.page(q.Limit, q.Cursor)
	return url.Values(v)
}

// Deliveries is a page of attempts, the newest first. Each is a record of the
// history without its checksum: an Attempt.
type Deliveries struct {
	Deliveries []json.RawMessage `json:"deliveries"`
	Cursor     string            `json:"cursor,omitempty"` // of the next page; "": this is the last
}
