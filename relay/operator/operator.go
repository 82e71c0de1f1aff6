// Package operator does what operators ask of a relay, through the API and the console: it
// shows webhooks, events and the configuration, and resends, cancels, enables and tests. In
// a cluster it asks the owner of a webhook for actions on its queue. It implements
// admin.Operator and console.Operator, and promises no more than they do. relay makes one.
package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/session"
	"sidehook/relay/deliver"
	"sidehook/relay/editing"
	"sidehook/relay/engine"
	"sidehook/relay/inforce"
	"sidehook/relay/intake"
	"sidehook/relay/losses"
	"sidehook/relay/outbox"
	"sidehook/relay/plan"
)

// Options of an Operator. All are required.
type Options struct {
	Engine    *engine.Storage
	Deliver   *deliver.Deliverer
	Intake    *intake.Handler
	Outboxes  *outbox.Outboxes
	GivenUp   *losses.LastHour
	Sessions  *session.Keeper // of the console
	AtStart   *config.File    // whose listen and history.dir are in force
	State     func() State
	Addresses func() []netip.AddrPort // of the listeners
	Log       *slog.Logger
}

// State is which configuration is in force.
type State struct {
	Active   *inforce.Config
	Refused  error // why the last edit was rejected; nil if it was not
	Rejected int   // edits so far
}

// Operator implements admin.Operator, console.Operator, console.Source and editing's Relay,
// which document the methods. Its methods may run at once.
type Operator struct {
	journal   *engine.Storage
	deliver   *deliver.Deliverer
	intake    *intake.Handler
	outboxes  *outbox.Outboxes
	givenUp   *losses.LastHour
	sessions  *session.Keeper
	atStart   *config.File
	state     func() State
	addresses func() []netip.AddrPort
	log       *slog.Logger
	resends   resendProgress
}

// New returns an Operator.
func New(o Options) *Operator {
	return &Operator{
		journal: o.Engine, deliver: o.Deliver, intake: o.Intake, outboxes: o.Outboxes, givenUp: o.GivenUp, sessions: o.Sessions,
		atStart: o.AtStart, state: o.State, addresses: o.Addresses, log: o.Log,
		resends: resendProgress{known: map[string]*query.ResendProgress{}},
	}
}

// current returns the configuration in force, and why the last edit was rejected, nil
// if it was not.
func (o *Operator) current() (active *inforce.Config, rejected error) {
	s := o.state()
	return s.Active, s.Refused
}

// Ready returns why events are not accepted now, nil if they are.
func (o *Operator) Ready() error { return o.journal.Fault() }

// webhook returns one of them; configured is nil for one that was removed.
func (o *Operator) webhook(name string, configured *config.Webhook) api.Webhook {
	if !o.journal.Owns(name) {
		return o.elsewhere(name, configured)
	}
	w := o.Owned(name, configured)
	w.Owner, w.Differs = o.journal.Owner(name), o.journal.Differing(name)
	return w
}

// Owned returns the webhook of a name, for one of which this process has the queue.
func (o *Operator) Owned(name string, configured *config.Webhook) api.Webhook {
	q := o.journal.Queue(name)
	w := api.Webhook{Name: name}
	if configured != nil {
		s, _ := o.deliver.Snapshot(name)
		w.Configured = configured.View()
		w.State, w.Since, w.Why, w.InFlight = s.State, s.Since, s.Why, s.InFlight
		w.LastHour = api.LastHour{Delivered: s.LastHour.Delivered, Failed: s.LastHour.Failed, GivenUp: o.givenUp.Count(name, time.Now()), P50: millis(s.LastHour.P50), P99: millis(s.LastHour.P99)}
		w.LastSuccess, w.LastError, w.LastErrorAt, w.Next = s.LastSuccess, s.LastError, s.LastErrorAt, s.Next
	} else {
		s := q.State()
		w.State, w.Since, w.Why = api.StateOrphaned, s.Since, s.Why
	}
	b := q.Backlog()
	w.Backlog = api.Backlog{Events: b.Events, Bytes: b.Bytes}
	if w.Holds = o.journal.Held(q); w.Holds > 0 && o.journal.Full() {
		w.Why = strings.TrimPrefix(fmt.Sprintf("%s; its waiting deliveries keep %.1f MiB of the history, which is full", w.Why, float64(w.Holds)/(1<<20)), "; ")
	}
	if !b.Oldest.IsZero() {
		w.Backlog.OldestSeconds = time.Since(b.Oldest).Seconds()
	}
	return w
}

// millis returns milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Enable re-enables a disabled webhook. Any other webhook stays as it is.
func (o *Operator) Enable(ctx context.Context, name string) error {
	return o.act(ctx, name, engine.AskEnable, o.deliver.Enable)
}

// Retry retries the waiting deliveries of a webhook now.
func (o *Operator) Retry(ctx context.Context, name string) error {
	return o.act(ctx, name, engine.AskRetry, o.deliver.RetryNow)
}

func (o *Operator) act(ctx context.Context, name, kind string, do func(string) bool) error {
	if active, _ := o.current(); active.Webhooks[name].Config == nil {
		return &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", name)}
	}
	if !o.journal.Owns(name) {
		return o.journal.AskOwner(ctx, name, kind, nil, nil)
	}
	o.journal.WaitQueued(ctx)
	do(name) // false: an edit has just removed it
	return nil
}

// History opens the history for reader, while the journal writes it.
func (o *Operator) History(ctx context.Context) (admin.History, error) {
	o.journal.WaitWritten(ctx)
	return o.journal.Read()
}

// Accept records damage of the history as accepted.
func (o *Operator) Accept(ctx context.Context, problems []history.Problem) error {
	return o.journal.Accept(ctx, problems)
}

// Event returns an event and what became of it.
func (o *Operator) Event(_ context.Context, which query.EventRef) (api.EventTrace, error) {
	reader, err := o.journal.Read()
	if err != nil {
		return api.EventTrace{}, err
	}
	defer reader.Close()
	trace, err := reader.Trace(which)
	if err != nil {
		return api.EventTrace{}, notFound(which, err)
	}
	answer := api.EventTrace{
		Seq: trace.Seq, At: trace.At, Generation: trace.Generation, To: trace.To, Test: trace.Test, Filled: trace.Filled, By: trace.By, Event: trace.Event,
		Webhooks: o.decisions(trace),
	}
	for _, r := range trace.Resends {
		answer.Resends = append(answer.Resends, r.JSON())
	}
	for _, attempt := range trace.Attempts() {
		answer.Attempts = append(answer.Attempts, attempt)
	}
	return answer, nil
}

// notFound returns the error of admin for an event that is not in the history, and any
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

// Config returns the configuration in force.
func (o *Operator) Config(context.Context) (api.Config, error) {
	c := o.Rejected()
	known := map[api.ConfigProblem]bool{}
	for _, p := range c.Problems {
		known[p] = true
	}
	active, _ := o.current()
	for _, p := range active.File.Warnings {
		if p := api.ConfigProblem(p); !known[p] {
			known[p] = true
			c.Problems = append(c.Problems, p)
		}
	}
	if err := o.Ready(); err != nil {
		c.Troubles = append([]string{"events are not accepted: " + err.Error()}, c.Troubles...)
	}
	return c, nil
}

// Rejected returns the configuration in force with the problems of edits alone.
func (o *Operator) Rejected() api.Config {
	active, rejected := o.current()
	c := api.Config{Path: editing.Absolute(active.File.Path), Hash: active.File.Hash, Generation: o.numberOf(active), Loaded: active.Loaded, Restart: plan.RestartKeys(o.atStart, active.File)}
	if rejected != nil {
		c.Problems = problemsOf(rejected, active.File.Path)
	}
	for _, in := range active.File.Refused() {
		c.Refused = append(c.Refused, in.Path)
		c.Problems = append(c.Problems, problemsOf(in.Problems, in.Path)...)
	}
	c.Troubles = o.troubles()
	return c
}

// troubles returns what an operator should know of the database of a cluster and of those
// that have an outbox, a sentence each.
func (o *Operator) troubles() (list []string) {
	if c := o.journal.Cluster(); c != nil {
		if !c.Up {
			list = append(list, "the database of the cluster does not answer this member: it delivers nothing until it does")
		}
		if c.Spooled > 0 {
			list = append(list, fmt.Sprintf("%d events wait on the disk of this host alone, to be forwarded to the database", c.Spooled))
		}
	}
	return append(list, o.outboxes.State().Troubles...)
}

// numberOf returns the number of the configuration in force. In a cluster it may become
// known a moment after the edit.
func (o *Operator) numberOf(active *inforce.Config) history.Generation {
	for begun := time.Now(); active.Generation == 0 && time.Since(begun) < numberedWithin; time.Sleep(10 * time.Millisecond) {
		if n, digest := o.journal.Generation(); digest == active.Digest {
			return n
		}
	}
	return active.Generation
}

const numberedWithin = time.Second

// problemsOf returns why an edit was rejected, with its warnings.
func problemsOf(rejected error, path string) (list []api.ConfigProblem) {
	var problems config.Problems
	if !errors.As(rejected, &problems) {
		for line := range strings.SplitSeq(rejected.Error(), "\n") {
			list = append(list, api.ConfigProblem{File: path, Message: line})
		}
	}
	for _, p := range problems {
		list = append(list, api.ConfigProblem(p))
	}
	return list
}
