package relay

import (
	"encoding/json"
	"fmt"

	"sidehook/history/event"
)

// The types of the events that are sidehook's own.
const (
	typeTest      = event.OwnPrefix + "test"
	typeExhausted = event.OwnPrefix + "delivery.exhausted"
	typeDisabled  = event.OwnPrefix + "webhook.disabled"
	typeEnabled   = event.OwnPrefix + "webhook.enabled"
	typeFailing   = event.OwnPrefix + "webhook.failing"
	typeRecovered = event.OwnPrefix + "webhook.recovered"
	typeLow       = event.OwnPrefix + "history.low"
)

// own makes an event of sidehook's own: a new id, the time now, and the source
// of events that come without one.
func (f *force) own(typ string, data any) (event.Event, error) {
	text, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{typ, data})
	if err != nil {
		return event.Event{}, fmt.Errorf("make event %q: %w", typ, err)
	}
	decoder := event.Decoder{Source: f.file.Source}
	e, err := decoder.Plain(text)
	if err != nil {
		return event.Event{}, fmt.Errorf("make event %q: %w", typ, err)
	}
	e.Filled = nil // nobody else gave the rest
	return e, nil
}
