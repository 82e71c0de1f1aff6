package history

import "time"

// WebhookStats is how the deliveries to a webhook went in a span of time, as the
// API and the commands show it. Tests do not count.
type WebhookStats struct {
	Webhook string    `json:"webhook"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`

	Events    uint64 `json:"events"`    // deliveries that had their first attempt, or ended without one
	Delivered uint64 `json:"delivered"` // deliveries that arrived
	Retried   uint64 `json:"retried"`   // attempts that failed and are, or were, followed by another
	GivenUp   uint64 `json:"given_up"`  // deliveries that ended without arriving
	Waiting   uint64 `json:"waiting"`   // deliveries that have not ended, now

	SuccessRate *float64 `json:"success_rate"` // see SuccessRate
	P50         *float64 `json:"p50_ms"`       // of how long requests took; null if none was made
	P90         *float64 `json:"p90_ms"`
	P99         *float64 `json:"p99_ms"`

	Chart   []ChartPart `json:"chart"`   // equal parts of the span, the oldest first
	Outages []Outage    `json:"outages"` // the oldest first
}

// SuccessRate is the one definition of success: the share of the deliveries that
// ended which arrived, from 0 to 1. It is nil while none has ended. An attempt that
// is retried has not ended its delivery and does not count.
func SuccessRate(delivered, givenUp uint64) *float64 {
	ended := delivered + givenUp
	if ended == 0 {
		return nil
	}
	rate := float64(delivered) / float64(ended)
	return &rate
}

// ChartPart counts the attempts in a part of a span.
type ChartPart struct {
	Delivered uint64 `json:"delivered"`
	Failed    uint64 `json:"failed"` // attempts that were not delivered
}

// Outage is a time in which a webhook was failing, or disabled. One that was failing
// and then disabled had two, the second of which begins where the first ends.
type Outage struct {
	State string    `json:"state"` // failing or disabled
	From  time.Time `json:"from"`
	To    time.Time `json:"to,omitzero"` // zero: it goes on
	Why   string    `json:"why,omitempty"`
}
