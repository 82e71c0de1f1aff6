package operator

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
	"sidehook/relay/engine"
	"sidehook/relay/notice"
	"sidehook/relay/send"
)

// Test sends a webhook a test event, now and once, and returns the record of the
// attempt. The event is durable before it is sent, and in no queue: after a crash in
// between, the test has no attempt.
func (o *Operator) Test(ctx context.Context, name string) (json.RawMessage, error) {
	unknown := &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", name)}
	active, _ := o.current()
	if active.Webhooks[name].Config == nil {
		return nil, unknown
	}
	if !o.journal.Owns(name) {
		var record json.RawMessage
		err := o.journal.AskOwner(ctx, name, engine.AskTest, nil, &record)
		return record, err
	}
	e, err := notice.NewEvent(active.File.Source, notice.Test, struct {
		Webhook string `json:"webhook"`
		Message string `json:"message"`
	}{name, "This is a test of the webhook " + name + ", sent by an operator of sidehook. Nothing depends on your answer."})
	if err != nil {
		return nil, err
	}
	receipts, err := o.journal.Append(ctx, []history.Entry{{Event: e, Test: name, Generation: active.Generation}})
	if err != nil {
		return nil, err
	}
	seq := receipts[0].Seq
	a, err := o.deliver.Test(ctx, name, deliver.Lease{
		Seq: seq, Delivery: send.Delivery{Event: &e, Accepted: time.Now(), Attempt: 1},
	})
	switch {
	case errors.Is(err, deliver.ErrNoWebhook): // an edit has just removed it
		return nil, unknown
	case err != nil && a.Status != "":
		return nil, fmt.Errorf("the test was sent (%s), but cannot be recorded: %w", a.Status, err)
	case err != nil:
		return nil, err
	}
	return o.tested(seq)
}

// tested returns the record of a test's attempt, with its whole request.
func (o *Operator) tested(seq history.Seq) (json.RawMessage, error) {
	reader, err := o.journal.Read()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	trace, err := reader.Trace(query.EventRef{Seq: seq})
	if err != nil {
		return nil, err
	}
	attempts := trace.Attempts()
	if len(attempts) == 0 {
		return nil, errors.New("the attempt of the test is not in the history")
	}
	return attempts[len(attempts)-1], nil
}
