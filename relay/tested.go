package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
)

// Test sends a webhook an event of its own, now and once, and answers with the
// attempt as it stands in the history. The event is durable before it is sent,
// and in no queue: a crash in between leaves a test without an attempt.
func (o *operator) Test(ctx context.Context, name string) (json.RawMessage, error) {
	unknown := &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", name)}
	f, _ := o.inForce()
	if f.webhooks[name].config == nil {
		return nil, unknown
	}
	e, err := f.own(typeTest, struct {
		Webhook string `json:"webhook"`
		Message string `json:"message"`
	}{name, "This is a test of the webhook " + name + ", which an operator of sidehook asked for. No delivery depends on the answer."})
	if err != nil {
		return nil, err
	}
	receipts, err := o.journal.Append(ctx, []history.Entry{{Event: e, Test: name, Generation: f.generation}})
	if err != nil {
		return nil, err
	}
	seq := receipts[0].Seq
	a, err := o.deliver.Test(ctx, name, deliver.Lease{
		Seq: seq, Delivery: send.Delivery{Event: e.JSON, Accepted: time.Now(), Attempt: 1},
	})
	switch {
	case errors.Is(err, deliver.ErrNoWebhook): // an edit took it away meanwhile
		return nil, unknown
	case err != nil && a.Status != "":
		return nil, fmt.Errorf("the test was sent (%s), and cannot be recorded: %w", a.Status, err)
	case err != nil:
		return nil, err
	}
	return o.tested(seq)
}

// tested is the attempt of a test, with its whole request.
func (o *operator) tested(seq uint64) (json.RawMessage, error) {
	reading, err := query.Open(o.dir)
	if err != nil {
		return nil, err
	}
	defer reading.Close()
	story, err := reading.Trace(query.EventRef{Seq: seq})
	if err != nil {
		return nil, err
	}
	attempts := story.Attempts()
	if len(attempts) == 0 {
		return nil, errors.New("the attempt of the test is not in the history")
	}
	return attempts[len(attempts)-1], nil
}
