package relay

import (
	"context"
	"log/slog"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/deliver"
	"sidehook/relay/route"
)

// Notices are the operational events of a relay without the rest of it.
type Notices struct{ *notices }

// NewNotices makes them for a file whose webhooks match as index says.
func NewNotices(index *route.Index, log *slog.Logger, append func(context.Context, []history.Entry) ([]history.Receipt, error)) Notices {
	n := newNotices(log)
	n.append, n.state = append, func(string) string { return "failing" }
	n.force.Store(&force{file: &config.File{Source: "test"}, generation: 7, decider: &decider{index: index}})
	return Notices{n}
}

func (n Notices) Happened(h deliver.Happening)        { n.happened(h) }
func (n Notices) Run(ctx context.Context)             { n.run(ctx) }
func (n Notices) Leave()                              { n.leave() }
func (n Notices) Low(percent int, bytes, limit int64) { n.low(percent, bytes, limit) }

// Watches are those of requests that wait, without a relay.
type Watches struct{ *watches }

// NewWatches makes them; attempts reports whether a webhook makes first attempts.
func NewWatches(attempts func(webhook string) bool) Watches {
	return Watches{newWatches(attempts, func(context.Context) {})}
}

func (w Watches) Recorded(a history.Recorded) { w.recorded(a) }
