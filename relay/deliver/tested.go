package deliver

import (
	"context"
	"errors"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

// Why a test is not made.
var (
	ErrNoWebhook  = errors.New("there is no such webhook in force")
	ErrNotRunning = errors.New("no deliveries are made: sidehook starts or stops")
)

// Test attempts an event that is in no queue, once and now, whatever state the
// webhook is in: it waits for no schedule and no other request, and its failure
// counts for nothing, nor does a 410 disable. That the receiver works is
// believed: a success ends failing. It returns what the attempt came to once
// that is durable; an error says that no attempt was made, that it is not
// recorded, or that ctx was done first, and the attempt goes on without it.
func (d *Deliverer) Test(ctx context.Context, webhook string, l Lease) (history.Attempt, error) {
	w := d.worker(webhook)
	if w == nil {
		return history.Attempt{}, ErrNoWebhook
	}
	type result struct {
		attempt history.Attempt
		err     error
	}
	done := make(chan result, 1)
	err := w.beside(func(ctx context.Context, j *job) {
		a, err := w.test(ctx, j)
		done <- result{a, err}
	}, l)
	if err != nil {
		return history.Attempt{}, err
	}
	select {
	case r := <-done:
		return r.attempt, r.err
	case <-ctx.Done():
		return history.Attempt{}, context.Cause(ctx)
	}
}

// beside starts a goroutine that is none of the worker's own (W2).
func (w *worker) beside(do func(context.Context, *job), l Lease) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	start := w.d.start.Load()
	switch {
	case w.hook.Settings == nil:
		return ErrNoWebhook
	case start == nil:
		return ErrNotRunning
	}
	j := job{lease: l, hook: w.hook, client: w.use()}
	(*start)(func(ctx context.Context) { do(ctx, &j) })
	return nil
}

// test attempts and records.
func (w *worker) test(ctx context.Context, j *job) (history.Attempt, error) {
	r := w.attempt(ctx, j)
	a := r.Attempt
	switch r.Verdict {
	case send.Delivered:
		a.Status = history.Delivered
	default:
		a.Status = history.Failed
	}
	err := w.queue.RecordTest(j.lease.Seq, j.lease.Accepted, append(r.QuickTries, a)...)
	if r.Verdict == send.Delivered {
		w.works(j, &a)
	}
	return a, err
}

// works ends failing, if what was tested is what is in force.
func (w *worker) works(j *job, a *history.Attempt) {
	w.mu.Lock()
	h := &w.health
	row := h.first
	changed := h.failing && j.hook.Settings == w.hook.Settings
	if changed {
		h.succeeded(time.Now(), j.hook.Settings.Concurrency)
		h.cause = cause{event: a.Event, typ: a.Type}
	}
	w.mu.Unlock()
	if changed {
		w.queue.PullForward(row.Add(-advanceSlack))
		w.tell()
		w.wakeIfDue()
	}
}
