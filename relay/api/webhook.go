package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"sidehook/history"
)

// Webhooks is the list of the webhooks.
type Webhooks struct {
	Webhooks []Webhook `json:"webhooks"`
}

// Webhook is a webhook and its state.
type Webhook struct {
	Name string `json:"name"`
	// Configured is a JSON object: the other keys of the webhook in the file, with
	// secrets as ***. They follow the name. It is empty for a webhook that is no
	// longer in the file.
	Configured  json.RawMessage `json:"-"`
	State       string          `json:"state"`
	Since       time.Time       `json:"since,omitzero"`
	Why         string          `json:"why,omitempty"`
	Backlog     Backlog         `json:"backlog"`
	Holds       int64           `json:"holds_history_bytes,omitempty"` // not removable, because of the backlog
	InFlight    int             `json:"in_flight"`
	LastHour    LastHour        `json:"last_hour"`
	LastSuccess time.Time       `json:"last_success,omitzero"`
	LastError   string          `json:"last_error,omitempty"`
	Next        time.Time       `json:"next,omitzero"`
}

// Backlog is what waits for a webhook.
type Backlog struct {
	Events        int     `json:"events"`
	Bytes         int64   `json:"bytes"`
	OldestSeconds float64 `json:"oldest_seconds"`
}

// LastHour counts attempts by their outcome, with the median and the 99th
// percentile of their duration, or 0 if there were none.
type LastHour struct {
	Delivered int     `json:"delivered"`
	Failed    int     `json:"failed"`
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

// Config is the configuration in force.
type Config struct {
	Path       string             `json:"path"`
	Hash       string             `json:"hash"`
	Generation history.Generation `json:"generation"`
	Loaded     time.Time          `json:"loaded"`
	Errors     []string           `json:"errors"` // of the last edit, if it was rejected
}
