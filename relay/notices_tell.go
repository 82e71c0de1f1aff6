package relay

import (
	"context"
	"errors"
	"slices"
	"time"

	"sidehook/history"
)

// run appends until ctx is done, and then once more what is ready by then.
func (n *notices) run(ctx context.Context) {
	timer := time.NewTimer(noticeEvery)
	defer timer.Stop()
	failing := false
	for stopping := false; !stopping; {
		select {
		case <-n.kick:
			if failing {
				continue // the timer says when it is tried again
			}
		case <-timer.C:
		case <-ctx.Done():
			stopping = true
		}
		// A stop of the listener cuts no write that is under way.
		err := n.tell(context.WithoutCancel(ctx))
		if failing != (err != nil) {
			failing = err != nil
			n.say(err)
		}
		timer.Reset(n.next(failing))
	}
}

// say tells in the log that notices wait, and that they do no more.
func (n *notices) say(err error) {
	switch {
	case err == nil:
		n.log.Info("operational events are written again")
	case !errors.Is(err, history.ErrStopping):
		n.log.Error("cannot write operational events: they are kept, counted, and tried again", "error", err)
	}
}

// next is how long there is nothing to do.
func (n *notices) next(failing bool) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case failing:
		return noticeAgain
	case len(n.told) > 0:
		return time.Until(n.kept[n.told[0]].until)
	}
	return noticeEvery
}

// tell appends what is ready, and what has become so with the end of its minute.
func (n *notices) tell(ctx context.Context) error {
	n.expire(time.Now())
	for {
		batch := n.take()
		if len(batch) == 0 {
			return nil
		}
		if err := n.write(ctx, batch); err != nil {
			n.giveBack(batch)
			return err
		}
	}
}

// wantNotice reports whether a webhook may want a notice: whether a glob of one
// matches, other than the one that it is about.
func (f *force) wantNotice(t topic) bool {
	return len(without(f.decider.index.Match(t.kind), t.webhook)) > 0
}

// without leaves the list, which is shared, as it is.
func without(list []string, name string) []string {
	if !slices.Contains(list, name) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

// write makes events and appends them, all or none.
func (n *notices) write(ctx context.Context, batch []said) error {
	f := n.force.Load()
	var entries []history.Entry
	for i := range batch {
		b := &batch[i]
		data := struct {
			Webhook string `json:"webhook,omitempty"`
			State   string `json:"state,omitempty"` // as it is now
			Event   string `json:"event,omitempty"`
			Type    string `json:"type,omitempty"`
			Why     string `json:"why"`
			Count   int    `json:"count"`
		}{b.webhook, n.state(b.webhook), b.last.Event, b.last.Type, b.last.Why, b.count}
		e, err := f.own(b.kind, data)
		if err != nil {
			// It would be the same the next time.
			n.log.Error("cannot make an operational event", "type", b.kind, "webhook", b.webhook, "error", err)
			continue
		}
		to, failures := f.decider.match(&e)
		if to = without(to, b.webhook); len(to) > 0 { // else nobody wants it, or no more
			failures = slices.DeleteFunc(failures, func(f history.Failure) bool { return f.Webhook == b.webhook })
			entries = append(entries, history.Entry{Event: e, To: to, Failures: failures, Generation: f.generation})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	_, err := n.append(ctx, entries)
	return err
}

// leave says in the log what was not told of by the end.
func (n *notices) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for t, x := range n.kept {
		if x.count > 0 {
			n.log.Warn("what happened last is not told of by an event, as sidehook stops",
				"type", t.kind, "webhook", t.webhook, "event", x.last.Event, "count", x.count)
		}
	}
}
