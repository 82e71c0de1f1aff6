package postgres

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/accept"
)

// errHeldUp is the error of what was not accepted because it would overtake.
var errHeldUp = errors.New("what waits for a former name of a webhook is being moved and must not be overtaken; try again in a few seconds")

// gate is the acceptor, before which events for some webhooks wait: those whose former
// names have deliveries that must be moved first.
type gate struct {
	*accept.Acceptor
	patience time.Duration
	closed   atomic.Pointer[closed] // nil: nothing waits
}

type closed struct {
	webhooks []string
	changed  chan struct{} // closed when others wait, or nothing
}

// holdUp has events for these webhooks wait, and those for others no more.
func (g *gate) holdUp(webhooks []string) {
	var next *closed
	if len(webhooks) > 0 {
		next = &closed{webhooks, make(chan struct{})}
	}
	if before := g.closed.Swap(next); before != nil {
		close(before.changed)
	}
}

// Append accepts events after those that must come before them.
func (g *gate) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	for i := range entries {
		if err := g.wait(ctx, entries[i].To); err != nil {
			return nil, err
		}
	}
	return g.Acceptor.Append(ctx, entries)
}

// Resend makes a resend durable after what must come before it.
func (g *gate) Resend(ctx context.Context, of *history.EventRecord, to []string, by string) (history.Receipt, error) {
	if err := g.wait(ctx, to); err != nil {
		return history.Receipt{}, err
	}
	return g.Acceptor.Resend(ctx, of, to, by)
}

// wait returns when nothing for these webhooks is to wait.
func (g *gate) wait(ctx context.Context, webhooks []string) error {
	if g.closed.Load() == nil {
		return nil
	}
	late := time.NewTimer(g.patience)
	defer late.Stop()
	for {
		c := g.closed.Load()
		if c == nil || !slices.ContainsFunc(webhooks, func(name string) bool { return slices.Contains(c.webhooks, name) }) {
			return nil
		}
		select {
		case <-c.changed:
		case <-late.C:
			return errHeldUp
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
