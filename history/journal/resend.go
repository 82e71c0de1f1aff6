package journal

import (
	"context"
	"slices"

	"sidehook/history"
	"sidehook/history/queue"
)

// Resend asks for a delivery of an event that was accepted before.
type Resend struct {
	Of history.EventRecord
	To []string
	By string // who asked: cli, api
}

// Resend makes the request durable and queues it. For a webhook that the event
// still waits for, that delivery is made due now instead. The receipt's To are
// those that get a delivery of their own. ErrNotFound: it has just been removed.
func (j *Journal) Resend(ctx context.Context, r Resend) (history.Receipt, error) {
	fresh := slices.Clone(r.To)
	fresh = slices.DeleteFunc(fresh, func(name string) bool { return j.Queue(name).RetryEventNow(&r.Of) })
	if len(fresh) == 0 {
		return history.Receipt{}, nil
	}
	req := &request{records: []record{{
		of: r.Of.Seq, resend: true, to: fresh,
		head: history.AppendResend(nil, r.Of.Seq, fresh, r.By),
		body: &queue.Body{JSON: r.Of.Event, Filled: r.Of.Filled},
	}}}
	if !j.retention.Pin(r.Of.Seq) {
		return history.Receipt{}, history.ErrNotFound
	}
	defer j.retention.Unpin(r.Of.Seq)
	if err := j.commits.do(ctx, req); err != nil {
		return history.Receipt{}, err
	}
	return req.receipts[0], nil
}
