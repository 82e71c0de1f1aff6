package notice

import (
	"encoding/json"
	"fmt"

	"sidehook/history/event"
)

// The types of the events that sidehook makes itself. Test is the event of a
// webhook's test; the others are operational events.
const (
	Test      = event.OwnPrefix + "test"
	Exhausted = event.OwnPrefix + "delivery.exhausted"
	Disabled  = event.OwnPrefix + "webhook.disabled"
	Enabled   = event.OwnPrefix + "webhook.enabled"
	Failing   = event.OwnPrefix + "webhook.failing"
	Recovered = event.OwnPrefix + "webhook.recovered"
	Low       = event.OwnPrefix + "history.low"
)

// NewEvent makes an event of sidehook's own: with a new id and the current time.
func NewEvent(source, typ string, data any) (event.Event, error) {
	text, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{typ, data})
	if err != nil {
		return event.Event{}, fmt.Errorf("make event %q: %w", typ, err)
	}
	decoder := event.Decoder{Source: source}
	e, err := decoder.Plain(text)
	if err != nil {
		return event.Event{}, fmt.Errorf("make event %q: %w", typ, err)
	}
	e.Filled = nil // sidehook is the sender, so nothing was filled in for one
	return e, nil
}
