package relay

import (
	"encoding/json"
	"fmt"

	"sidehook/history/event"
)

// The types of the events that are sidehook's own. Nobody else may post one
// that begins with ownPrefix, and no glob matches one that does not begin so.
const (
	ownPrefix = "sidehook."

	typeTest      = ownPrefix + "test"
	typeExhausted = ownPrefix + "delivery.exhausted"
	typeDisabled  = ownPrefix + "webhook.disabled"
	typeEnabled   = ownPrefix + "webhook.enabled"
	typeFailing   = ownPrefix + "webhook.failing"
	typeRecovered = ownPrefix + "webhook.recovered"
	typeLow       = ownPrefix + "history.low"
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
