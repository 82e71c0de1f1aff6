package journal

import (
	"context"
	"slices"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
)

// Resend asks for another delivery of an event.
type Resend struct {
	Of history.EventRecord
	To []string
	By string // who asked: cli, api
}

// Resend makes the request durable and queues it. If a delivery to one of the
// webhooks is pending, that one becomes due now instead. The receipt's To are the
// webhooks that get another delivery. Errors: those of Append, and ErrNotFound if
// the event has just been removed.
func (j *Journal) Resend(ctx context.Context, r Resend) (history.Receipt, error) {
	fresh := slices.Clone(r.To)
	fresh = slices.DeleteFunc(fresh, func(name string) bool { return j.Queue(name).RetryEventNow(&r.Of) })
	if len(fresh) == 0 {
		return history.Receipt{}, nil
	}
	req := &request{records: []record{{
		of: r.Of.Seq, resend: true, to: fresh,
		head: history.AppendResend(nil, r.Of.Seq, fresh, r.By),
		body: &queue.Body{Event: event.Event{JSON: r.Of.Event, Filled: r.Of.Filled}},
	}}}
	if !j.retention.Pin(r.Of.Seq) {
		return history.Receipt{}, history.ErrNotFound
	}
	defer j.retention.Unpin(r.Of.Seq)
	if err := j.commits.commit(ctx, req); err != nil {
		return history.Receipt{}, err
	}
	return req.receipts[0], nil
}
