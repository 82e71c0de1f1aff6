package relay

import (
	"context"

	"sidehook/history"
)

// Watches are watches without a relay.
type Watches struct{ *watches }

// NewWatches makes them; attempts reports whether a webhook makes first attempts.
func NewWatches(attempts func(webhook string) bool) Watches {
	return Watches{newWatches(attempts, func(context.Context) {})}
}

func (w Watches) Recorded(a history.Recorded) { w.recorded(a) }
