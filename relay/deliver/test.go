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
// webhook is in: it waits for no schedule and no other request. A failure does
// not count, and a 410 does not disable. A success does: it ends failing. Test
// returns the attempt once it is durable. An error means that no attempt was
// made, that it could not be recorded, or that ctx was done first and the attempt
// continues without the caller.
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
	err := w.startDetached(func(ctx context.Context, j *job) {
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

// startDetached starts a goroutine that running does not count (W2).
func (w *worker) startDetached(do func(context.Context, *job), l Lease) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	start := w.d.start.Load()
	switch {
	case w.hook.Settings == nil:
		return ErrNoWebhook
	case start == nil:
		return ErrNotRunning
	case !w.beginLocked():
		return ErrNoWebhook
	}
	j := job{lease: l, hook: w.hook, client: w.acquireLocked()}
	(*start)(runFunc(func(ctx context.Context) {
		defer w.end()
		do(ctx, &j)
	}))
	return nil
}

// test attempts and records.
func (w *worker) test(ctx context.Context, j *job) (history.Attempt, error) {
	r := w.attempt(ctx, j)
	a := r.Attempt
	a.Status = history.Failed
	if r.Verdict == send.Delivered {
		a.Status = history.Delivered
	}
	err := w.queue.RecordTest(j.lease.Seq, j.lease.Accepted, append(r.QuickTries, a)...)
	if r.Verdict == send.Delivered {
		w.endFailing(j, &a)
	}
	return a, err
}

// endFailing ends failing, if the entry is still the one that was tested.
func (w *worker) endFailing(j *job, a *history.Attempt) {
	w.mu.Lock()
	changed := w.health.Failing() && j.hook.Settings == w.hook.Settings
	if changed {
		w.health.Succeeded(time.Now(), j.hook.Settings.Concurrency)
		w.cause = cause{event: a.Event, typ: a.Type}
	}
	_, streak := w.health.LastStreak()
	w.mu.Unlock()
	if changed {
		w.queue.PullForward(streak.Add(-recoverySlack))
		w.recordState()
		w.wakeIfDue()
	}
}
