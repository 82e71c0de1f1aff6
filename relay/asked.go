package relay

import (
	"context"
	"encoding/json"
	"fmt"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/engine"
)

// asked does what another member has asked for, of a webhook that this one owns.
func (r *Relay) asked(ctx context.Context, webhook, kind string, arguments json.RawMessage) json.RawMessage {
	o := r.operator
	var answer any
	var err error
	switch kind {
	case engine.AskEnable:
		err = o.Enable(ctx, webhook)
	case engine.AskRetry:
		err = o.Retry(ctx, webhook)
	case engine.AskRename:
		var to string
		if err = json.Unmarshal(arguments, &to); err == nil {
			err = r.askedRename(ctx, webhook, to)
		}
	case engine.AskTest:
		answer, err = o.Test(ctx, webhook)
	case engine.AskRetryEvent:
		var of engine.EventOf
		if err = json.Unmarshal(arguments, &of); err == nil {
			answer = r.journal.Queue(webhook).RetryEventNow(&history.EventRecord{Seq: of.Seq, To: of.To})
		}
	case engine.AskCancel, engine.AskSelectCancel:
		var c api.CancelRequest
		if err = json.Unmarshal(arguments, &c); err != nil {
			break
		}
		if c.Webhook = webhook; kind == engine.AskCancel {
			answer, err = o.CancelOwned(c)
		} else {
			answer, err = o.SelectOwned(c)
		}
	default:
		err = fmt.Errorf("this member knows no action %q; it may be of an older version", kind)
	}
	return engine.Answer(answer, err)
}

// figures is what the other members are to show of a webhook that this one owns, nil if
// they have it already. It must not wait for an edit that is applied.
func (r *Relay) figures(webhook string) []byte {
	active := r.inForce.Load()
	if active == nil {
		return nil
	}
	configured := active.Webhooks[webhook].Config
	if _, held := r.deliver.Snapshot(webhook); configured != nil && !held {
		return nil // it is being given up
	}
	w := r.operator.Owned(webhook, configured)
	w.Configured = nil
	text, err := json.Marshal(w)
	if err != nil {
		return nil
	}
	return text
}
