package notice

import (
	"context"
	"errors"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/trouble"
)

// Run appends events until ctx is done, and then once more those that are ready.
func (r *Reporter) Run(ctx context.Context) {
	timer := time.NewTimer(minute)
	defer timer.Stop()
	var failures trouble.Trouble
	failing := false
	for stopping := false; !stopping; {
		select {
		case <-r.wake:
			if failing {
				continue // until the timer ends
			}
		case <-timer.C:
		case <-ctx.Done():
			stopping = true
		}
		// A stop does not interrupt a write that has begun.
		err := r.appendReady(context.WithoutCancel(ctx))
		switch failing = err != nil; {
		case err == nil:
			failures.Over(r.opts.Log, "operational events can be written again")
		case !errors.Is(err, history.ErrStopping):
			failures.Met(r.opts.Log, "cannot write operational events; they are kept and counted, and tried again", err)
		}
		timer.Reset(r.pause(failing))
	}
}

// pause returns how long there is nothing to do.
func (r *Reporter) pause(failing bool) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case failing:
		return retryAfter
	case len(r.reported) > 0:
		return time.Until(r.pending[r.reported[0]].until)
	}
	return minute
}

// appendReady appends what is ready, and what becomes ready at the end of its minute.
func (r *Reporter) appendReady(ctx context.Context) error {
	r.endMinutes(time.Now())
	for {
		batch := r.takeBatch()
		if len(batch) == 0 {
			return nil
		}
		if err := r.append(ctx, batch); err != nil {
			r.returnBatch(batch)
			return err
		}
	}
}

// append makes events and appends them, all or none.
func (r *Reporter) append(ctx context.Context, batch []report) error {
	c := r.config.Load()
	var entries []history.Entry
	for i := range batch {
		b := &batch[i]
		e, err := NewEvent(c.Source, b.typ, struct {
			Webhook string `json:"webhook,omitempty"`
			State   string `json:"state,omitempty"` // the current one
			Event   string `json:"event,omitempty"`
			Type    string `json:"type,omitempty"`
			Why     string `json:"why"`
			Count   int    `json:"count"`
		}{b.webhook, r.opts.State(b.webhook), b.last.Event, b.last.EventType, b.last.Why, b.n})
		if err != nil {
			// Another try would fail in the same way.
			r.opts.Log.Error("cannot make an operational event", "type", b.typ, "webhook", b.webhook, "error", err)
			continue
		}
		to, failures := c.Match(&e)
		if to = without(to, b.webhook); len(to) > 0 { // nobody may want it any more
			failures = slices.DeleteFunc(failures, func(f history.Failure) bool { return f.Webhook == b.webhook })
			entries = append(entries, history.Entry{Event: e, To: to, Failures: failures, Generation: c.Generation})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	_, err := r.opts.Append(ctx, entries)
	return err
}

// LogUnreported logs what no event reports. It must be called after Run, once
// nothing is added any more.
func (r *Reporter) LogUnreported() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, x := range r.pending {
		if x.n > 0 {
			r.opts.Log.Warn("no operational event reports this, since sidehook is stopping",
				"type", t.typ, "webhook", t.webhook, "event", x.last.Event, "count", x.n)
		}
	}
}
