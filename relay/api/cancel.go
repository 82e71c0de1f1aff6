package api

import (
	"encoding/json"
	"fmt"
	"time"

	"sidehook/history/event"
)

// CancelRequest asks to end waiting deliveries: those that match all that is
// given. Webhook or Event must be given.
type CancelRequest struct {
	Webhook string `json:"webhook,omitempty"`
	Event   string `json:"event,omitempty"`   // an event's id, or seq:N
	Type    string `json:"type,omitempty"`    // a glob
	Since   Time   `json:"since,omitzero"`    // accepted at or after
	Until   Time   `json:"until,omitzero"`    // accepted before
	DryRun  bool   `json:"dry_run,omitempty"` // do nothing; the answer is Selected
}

// Canceled is the answer to a CancelRequest.
type Canceled struct {
	Count int `json:"canceled"`
}

// Time is a time in a request, in RFC 3339. The zero Time is one that is not given.
type Time struct{ time.Time }

// UnmarshalJSON reads a time. Its error follows the name of the member.
func (t *Time) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	at, err := ParseTime(text)
	if err == nil {
		t.Time = at
	}
	return err
}

// ParseTime reads a time of a request, which is never the zero time. Its error
// follows the name of what is read.
func ParseTime(text string) (time.Time, error) {
	at, ok := event.ParseTime(text)
	if !ok {
		return at, fmt.Errorf("must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not %.100q", text)
	}
	if at.IsZero() {
		at = at.Add(1)
	}
	return at, nil
}
