package relay

import (
	"context"

	"sidehook/history"
	"sidehook/relay/console"
	"sidehook/relay/editing"
	"sidehook/relay/httpd"
)

// Watches are watches without a relay.
type Watches struct{ *watches }

// NewWatches makes them; attempts reports whether a webhook makes first attempts.
func NewWatches(attempts func(webhook string) bool) Watches {
	return Watches{newWatches(attempts, func(context.Context) {})}
}

func (w Watches) Recorded(a history.Recorded) { w.recorded(a) }

// Calls returns the calls of the API.
func (r *Relay) Calls() []httpd.Call { return r.server.Calls() }

// ConsoleEditor is the editor of the console.
type ConsoleEditor interface {
	console.Editor
	console.Source
}

// Editor returns it.
func (r *Relay) Editor() ConsoleEditor {
	return struct {
		*editing.Editor
		console.Source
	}{editing.New((*operator)(r), r.log), (*operator)(r)}
}
