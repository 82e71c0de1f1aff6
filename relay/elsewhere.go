package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// What a member asks the owner of a webhook to do.
const (
	askEnable       = "enable"
	askRetry        = "retry"
	askRetryEvent   = "retry_event"
	askRename       = "rename"
	askTest         = "test"
	askCancel       = "cancel"
	askSelectCancel = "select_cancel"
)

// asked does what another member has asked for, of a webhook that this one owns.
func (r *Relay) asked(ctx context.Context, webhook, kind string, arguments json.RawMessage) json.RawMessage {
	o := (*operator)(r)
	var answer any
	var err error
	switch kind {
	case askEnable:
		err = o.Enable(ctx, webhook)
	case askRetry:
		err = o.Retry(ctx, webhook)
	case askRename:
		var to string
		if err = json.Unmarshal(arguments, &to); err == nil {
			err = r.askedRename(ctx, webhook, to)
		}
	case askTest:
		answer, err = o.Test(ctx, webhook)
	case askRetryEvent:
		var of askedEvent
		if err = json.Unmarshal(arguments, &of); err == nil {
			answer = o.journal.Queue(webhook).RetryEventNow(&history.EventRecord{Seq: of.Seq, To: of.To})
		}
	case askCancel, askSelectCancel:
		var c api.CancelRequest
		if err = json.Unmarshal(arguments, &c); err != nil {
			break
		}
		if c.Webhook = webhook; kind == askCancel {
			answer, err = o.cancelOwned(c)
		} else {
			answer, err = o.selectOwned(c)
		}
	default:
		err = fmt.Errorf("this member knows no action %q; it may be of an older version", kind)
	}
	text, failed := json.Marshal(answerTo(answer, err))
	if failed != nil {
		text, _ = json.Marshal(answerTo(nil, failed))
	}
	return text
}

// askedEvent names an event, and the webhooks that it was accepted for.
type askedEvent struct {
	Seq history.Seq `json:"seq"`
	To  []string    `json:"to"`
}

// asking is the answer of an owner.
type asking struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Kind   string          `json:"kind,omitempty"` // of the error, if a caller is to know it
}

const (
	kindNotFound      = "not_found"
	kindUnprocessable = "unprocessable"
)

func answerTo(answer any, err error) asking {
	var missing *admin.NotFoundError
	var unprocessable *admin.UnprocessableError
	text, failed := json.Marshal(answer)
	a := asking{Answer: text}
	switch err = errors.Join(err, failed); {
	case err == nil:
	case errors.As(err, &missing):
		a.Error, a.Kind = missing.What, kindNotFound
	case errors.As(err, &unprocessable):
		a.Error, a.Kind = unprocessable.Problem, kindUnprocessable
	default:
		a.Error = err.Error()
	}
	return a
}

// ask has the owner of a webhook do something, and reads its answer.
func (o *operator) ask(ctx context.Context, webhook, kind string, arguments, answer any) error {
	text, err := json.Marshal(arguments)
	if err != nil {
		return err
	}
	raw, err := o.journal.Ask(ctx, webhook, kind, text)
	if err != nil {
		return err
	}
	var a asking
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("read the answer of %s: %w", o.journal.Owner(webhook), err)
	}
	if answer != nil {
		err = json.Unmarshal(a.Answer, answer)
	}
	switch {
	case a.Kind == kindNotFound:
		return &admin.NotFoundError{What: a.Error}
	case a.Kind == kindUnprocessable:
		return &admin.UnprocessableError{Problem: a.Error}
	case a.Error != "":
		return errors.New(a.Error)
	}
	return err
}

// asksAtOnce is how many owners are asked at a time.
const asksAtOnce = 8

// askAll asks the owner of a webhook, or if that is "" the owners of all for which
// deliveries may wait elsewhere.
func (o *operator) askAll(ctx context.Context, webhook string, ask func(ctx context.Context, webhook string) error) error {
	names, err := o.ownedElsewhere(), error(nil)
	if webhook == "" {
		if names, err = o.journal.MayWait(ctx, names); err != nil {
			return err
		}
	} else {
		names = slices.DeleteFunc(names, func(name string) bool { return name != webhook })
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asksAtOnce)
	for _, name := range names {
		group.Go(func() error { return ask(ctx, name) })
	}
	return group.Wait()
}

// ownedElsewhere returns the webhooks in the file, and of which others have told, that
// this process does not own.
func (o *operator) ownedElsewhere() (names []string) {
	active, _ := o.current()
	known := o.journal.Figures()
	for name := range active.Webhooks {
		if _, told := known[name]; !told && !o.journal.Owns(name) {
			names = append(names, name)
		}
	}
	for name := range known {
		if !o.journal.Owns(name) {
			names = append(names, name)
		}
	}
	return names
}

// elsewhere is webhook for one that another member owns.
func (o *operator) elsewhere(name string, configured *config.Webhook) api.Webhook {
	w := o.journal.Figures()[name]
	w.Name, w.Owner, w.Differs = name, o.journal.Owner(name), o.journal.Differing(name)
	switch {
	case configured == nil:
		w.State = stateOrphaned
	case w.State == "" || w.State == stateOrphaned:
		w.State = configuredState(configured)
	}
	if configured != nil {
		w.Configured = configured.View()
	}
	return w
}

// configuredState is the state of a webhook of which nothing else is known.
func configuredState(w *config.Webhook) string {
	switch {
	case !w.Enabled:
		return "off"
	case w.Paused:
		return "paused"
	}
	return stateActive
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
	w := (*operator)(r).owned(webhook, configured)
	w.Configured = nil
	text, err := json.Marshal(w)
	if err != nil {
		return nil
	}
	return text
}
