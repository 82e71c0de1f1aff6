package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sidehook/history"
)

// WebhooksQuery asks for webhooks: those that match all that is given.
type WebhooksQuery struct {
	States []string // any of them; none: any at all
	Search string   // part of the name or the URL, in any case
	// Attention puts those first that somebody has to see to, the worst first. It is no
	// parameter of the HTTP API.
	Attention bool
	Limit     int    // 0: all
	Cursor    string // of the page before
}

// Values returns the query parameters.
func (q WebhooksQuery) Values() url.Values {
	v := values{}
	v.text("state", strings.Join(q.States, ","))
	v.text("q", q.Search)
	v.page(q.Limit, q.Cursor)
	return url.Values(v)
}

// The states of a webhook that more than one package writes.
const (
	StateActive   = "active"   // it makes attempts as they come
	StateOrphaned = "orphaned" // it was removed, and deliveries wait
)

// WebhookStates are the states of a webhook.
func WebhookStates() []string {
	return []string{StateActive, "failing", "throttled", "paused", "off", "disabled", StateOrphaned}
}

// Webhooks is a list of webhooks: those of the file in its order, then those that
// were removed and have deliveries that wait.
type Webhooks struct {
	Webhooks []Webhook `json:"webhooks"`
	Cursor   string    `json:"cursor,omitempty"` // of the next page; "": this is the last
}

// Webhook is a webhook and its state.
type Webhook struct {
	Name string `json:"name"`
	// Configured is a JSON object: the other keys of the webhook in the file, with
	// secrets as ***. They follow the name. It is empty for a webhook that is no
	// longer in the file.
	Configured  json.RawMessage `json:"-"`
	State       string          `json:"state"` // one of WebhookStates
	Since       time.Time       `json:"since,omitzero"`
	Why         string          `json:"why,omitempty"`
	Backlog     Backlog         `json:"backlog"`
	Holds       int64           `json:"holds_history_bytes,omitempty"` // not removable, because of the backlog
	InFlight    int             `json:"in_flight"`
	LastHour    LastHour        `json:"last_hour"`
	LastSuccess time.Time       `json:"last_success,omitzero"`
	LastError   string          `json:"last_error,omitempty"`
	LastErrorAt time.Time       `json:"last_error_at,omitzero"`
	Next        time.Time       `json:"next,omitzero"`
	// In a cluster: the member that owns the webhook, "" while none does, and the members
	// that have another entry, or none, in their files.
	Owner   string   `json:"owner,omitempty"`
	Differs []string `json:"differs,omitempty"`
}

// Backlog is what waits for a webhook.
type Backlog struct {
	Events        int     `json:"events"`
	Bytes         int64   `json:"bytes"`
	OldestSeconds float64 `json:"oldest_seconds"`
}

// LastHour counts what became of the attempts of the last hour, with the median and
// the 99th percentile of their duration, or 0 if there were none.
type LastHour struct {
	Delivered int     `json:"delivered"` // deliveries that arrived
	Failed    int     `json:"failed"`    // attempts that failed, whether they are retried or not
	GivenUp   int     `json:"given_up"`  // deliveries that ended without arriving
	P50       float64 `json:"p50_ms,omitzero"`
	P99       float64 `json:"p99_ms,omitzero"`
}

// MarshalJSON inserts the configured keys after the name.
func (w Webhook) MarshalJSON() ([]byte, error) {
	type bare Webhook
	object, err := json.Marshal(bare(w))
	keys := bytes.TrimSpace(w.Configured)
	if err != nil || len(keys) == 0 {
		return object, err
	}
	if keys[0] != '{' || keys[len(keys)-1] != '}' {
		return nil, fmt.Errorf("webhook %q: its configuration is not a JSON object", w.Name)
	}
	keys = bytes.TrimSpace(keys[1 : len(keys)-1])
	if len(keys) == 0 {
		return object, nil
	}
	name, err := json.Marshal(w.Name)
	if err != nil {
		return nil, err
	}
	at := len(`{"name":`) + len(name)
	return bytes.Join([][]byte{object[:at], keys, object[at+1:]}, []byte{','}), nil
}

// SuccessRate is the share of the deliveries that ended in the last hour which
// arrived, nil if none ended: see history.SuccessRate.
func (h LastHour) SuccessRate() *float64 {
	return history.SuccessRate(uint64(h.Delivered), uint64(h.GivenUp))
}
