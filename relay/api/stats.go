package api

import (
	"net/url"
	"time"

	"sidehook/history"
)

// StatsQuery asks how deliveries went.
type StatsQuery struct {
	Webhook string    // "": each of them
	Since   time.Time // zero: 24 hours ago
	Until   time.Time // zero: now
}

// Values returns the query parameters.
func (q StatsQuery) Values() url.Values {
	v := values{}
	v.text("webhook", q.Webhook)
	v.span(q.Since, q.Until)
	return url.Values(v)
}

// Stats has an entry for each webhook that has attempts in the span or deliveries
// that wait, in the order of their names.
type Stats struct {
	Stats []history.WebhookStats `json:"stats"`
}
