package relay

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
)

const (
	stateOrphaned = "orphaned"
	// orphanAge is how long the deliveries of a webhook that has gone are kept.
	orphanAge  = 24 * time.Hour
	sweepEvery = time.Minute
)

const orphanedTooLong = "its webhook was removed from the file more than 24h ago"

// welcomeBack ends being orphaned for the webhooks that are in the file.
func (r *Relay) welcomeBack() {
	for name := range r.force.webhooks {
		switch q := r.journal.Queue(name); q.State().Name {
		case stateOrphaned:
			r.log.Info("webhook is back and takes up what waits", "webhook", name, "events", q.Backlog().Events)
			fallthrough
		case stateRenamed:
			q.SetState(history.WebhookState{Since: time.Now()})
		}
		delete(r.orphans, name)
	}
}

// findOrphans gives what waits for nobody a time to live.
func (r *Relay) findOrphans() {
	for _, q := range r.journal.Queues() {
		name := q.Name()
		_, declared := r.force.webhooks[name]
		_, renamed := r.former[name]
		_, known := r.orphans[name]
		if declared || renamed || known || q.Backlog().Events == 0 {
			continue
		}
		state := q.State()
		if state.Name != stateOrphaned {
			state = history.WebhookState{Name: stateOrphaned, Since: time.Now(), Why: "its entry is not in the file"}
			q.SetState(state)
			r.log.Warn("webhook is gone and deliveries wait for it: they are kept for 24h, and go on if an entry of its name, or with was: NAME, appears",
				"webhook", name, "events", q.Backlog().Events)
		}
		// A clock that was set back while nothing ran makes no orphan live longer.
		age := max(0, time.Since(state.Since))
		r.orphans[name] = time.Now().Add(orphanAge - age)
	}
}

// sweepOrphans ends what nobody has claimed in time.
func (r *Relay) sweepOrphans(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			r.mu.Lock()
			for name, until := range r.orphans {
				if now.After(until) && r.cancelAll(r.journal.Queue(name)) {
					delete(r.orphans, name)
				}
			}
			r.mu.Unlock()
		}
	}
}

// cancelAll ends all that waits in a queue. It is false if that has to be tried
// again.
func (r *Relay) cancelAll(q *queue.Queue) bool {
	n, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		a := history.Attempt{Generation: r.force.generation, Status: history.Canceled, Error: orphanedTooLong}
		if e, err := event.Parse(w.Event, w.Filled); err == nil {
			a.Event, a.Type = e.ID, e.Type
		}
		return a, queue.End
	})
	if err != nil {
		r.log.Error("cannot cancel all that waits for a webhook that is gone", "webhook", q.Name(), "canceled", n, "error", err)
		return false
	}
	r.log.Warn("canceled what waited for a webhook that is gone", "webhook", q.Name(), "events", n)
	return true
}
