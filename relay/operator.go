package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
)

// operator answers those who look at the relay and act on it.
type operator Relay

// inForce is the configuration in force, and why the last edit is not.
func (o *operator) inForce() (*force, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.force, o.refused
}

// Webhooks lists the webhooks in the order of the file, then those that are
// gone and have something waiting.
func (o *operator) Webhooks(_ context.Context, name string) ([]api.Webhook, error) {
	f, _ := o.inForce()
	var list []api.Webhook
	for _, w := range f.file.Webhooks {
		if name == "" || w.Name == name {
			list = append(list, o.webhook(w.Name, w))
		}
	}
	for _, q := range o.journal.Queues() {
		if _, ok := f.webhooks[q.Name()]; ok || name != "" && q.Name() != name {
			continue
		}
		if q.State().Name == stateOrphaned && q.Backlog().Events > 0 {
			list = append(list, o.webhook(q.Name(), nil))
		}
	}
	if name != "" && len(list) == 0 {
		return nil, &admin.NotFoundError{What: fmt.Sprintf("webhook %q", name)}
	}
	return list, nil
}

// webhook is one of them; configured is nil for one that is gone.
func (o *operator) webhook(name string, configured *config.Webhook) api.Webhook {
	q := o.journal.Queue(name)
	w := api.Webhook{Name: name}
	if configured != nil {
		s, _ := o.deliver.Snapshot(name)
		w.Configured = configured.View()
		w.State, w.Since, w.Why, w.InFlight = s.State, s.Since, s.Why, s.InFlight
		w.LastHour = api.LastHour{Delivered: s.LastHour.Delivered, Failed: s.LastHour.Failed, P50: millis(s.LastHour.P50), P99: millis(s.LastHour.P99)}
		w.LastSuccess, w.LastError, w.Next = s.LastSuccess, s.LastError, s.Next
	} else {
		s := q.State()
		w.State, w.Since, w.Why = s.Name, s.Since, s.Why
	}
	b := q.Backlog()
	w.Backlog = api.Backlog{Events: b.Events, Bytes: b.Bytes}
	if w.Holds = o.journal.Held(q); w.Holds > 0 && o.journal.Full() {
		w.Why = strings.TrimPrefix(fmt.Sprintf("%s; it holds %.1f MiB of the history, which is full", w.Why, float64(w.Holds)/(1<<20)), "; ")
	}
	if !b.Oldest.IsZero() {
		w.Backlog.OldestSeconds = time.Since(b.Oldest).Seconds()
	}
	return w
}

// millis are milliseconds to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Enable ends an automatic disabling; for a webhook that is not disabled there
// is nothing to do.
func (o *operator) Enable(_ context.Context, name string) error {
	return o.act(name, o.deliver.Enable)
}

// Retry makes all that waits for a webhook due now.
func (o *operator) Retry(_ context.Context, name string) error {
	return o.act(name, o.deliver.Hasten)
}

func (o *operator) act(name string, do func(string) bool) error {
	if f, _ := o.inForce(); f.webhooks[name].config == nil {
		return &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", name)}
	}
	do(name) // false: there is nothing to do it with
	return nil
}

// History opens the history to be looked at, beside the journal that writes it.
func (o *operator) History(context.Context) (*query.Reader, error) { return query.Open(o.dir) }

// Accept records damage of the history as known.
func (o *operator) Accept(ctx context.Context, problems []history.Problem) error {
	return o.journal.Accept(ctx, problems)
}

// Event tells the story of an event.
func (o *operator) Event(_ context.Context, which query.EventRef) (api.EventTrace, error) {
	reading, err := query.Open(o.dir)
	if err != nil {
		return api.EventTrace{}, err
	}
	defer reading.Close()
	s, err := reading.Trace(which)
	if err != nil {
		return api.EventTrace{}, notFound(which, err)
	}
	story := api.EventTrace{
		Seq: s.Seq, At: s.At, Generation: s.Generation, To: s.To, Test: s.Test, Filled: s.Filled, Event: s.Event,
		Webhooks: o.decisions(s),
	}
	for _, r := range s.Resends {
		story.Resends = append(story.Resends, r.JSON())
	}
	for _, attempt := range s.Attempts() {
		story.Attempts = append(story.Attempts, attempt)
	}
	return story, nil
}

// notFound says in the words of intake that an event is not there, and leaves any
// other error as it is.
func notFound(which query.EventRef, err error) error {
	switch {
	case !errors.Is(err, history.ErrNotFound):
		return err
	case which.Seq != 0:
		return &admin.NotFoundError{What: fmt.Sprintf("event seq:%d in the history", which.Seq)}
	}
	return &admin.NotFoundError{What: fmt.Sprintf("event %q in the history", which.ID)}
}

// Config is the file in force.
func (o *operator) Config(context.Context) (api.Config, error) {
	f, refused := o.inForce()
	c := api.Config{Path: f.file.Path, Hash: f.file.Hash, Generation: f.generation, Loaded: f.loaded, Errors: []string{}}
	if refused != nil {
		c.Errors = reasons(refused)
	}
	return c, nil
}

// reasons are why an edit is refused, a line each, without what is only
// doubtful in it.
func reasons(refused error) (list []string) {
	var problems config.Problems
	if !errors.As(refused, &problems) {
		return strings.Split(refused.Error(), "\n")
	}
	for _, p := range problems {
		if !p.Warning {
			list = append(list, p.String())
		}
	}
	return list
}
