package relay

import (
	"context"
	"log/slog"

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

// LossLog warns of deliveries that were given up.
type LossLog struct{ *lossLog }

// NewLossLog returns one that logs to a logger.
func NewLossLog(log *slog.Logger) LossLog { return LossLog{newLossLog(log)} }

// Recorded notes an attempt.
func (l LossLog) Recorded(a history.Recorded) { l.recorded(&a) }

// Run reports until ctx is done, and then what is left.
func (l LossLog) Run(ctx context.Context) { l.run(ctx); l.close() }

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
