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

// errHeldUp is the error for events that would overtake deliveries which must come first.
var errHeldUp = errors.New("deliveries that wait for a former name of a webhook are being moved and must not be overtaken; try again in a few seconds")

// gate is the acceptor. Events for a webhook wait before it while deliveries of a former name
// of the webhook must be moved.
type gate struct {
	*accept.Acceptor
	patience time.Duration
	closed   atomic.Pointer[closed] // nil: nothing waits
}

type closed struct {
	webhooks []string
	changed  chan struct{} // closed when the list is replaced
}

// holdUp makes events for these webhooks wait. Events for any others wait no more.
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

// wait waits until events for these webhooks may be accepted.
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
