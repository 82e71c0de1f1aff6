package relay

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
	"sidehook/relay/api"
)

const (
	// orphanAge is how long the deliveries of a removed webhook are kept.
	orphanAge  = 24 * time.Hour
	sweepEvery = time.Minute
)

const orphanedTooLong = "its webhook was removed from the file more than 24h ago"

// reclaimQueuesLocked gives the webhooks in the file their queues back, if these were
// orphaned or renamed.
func (r *Relay) reclaimQueuesLocked() {
	for name := range r.active.Webhooks {
		r.journal.WhileOwned(name, func() { r.reclaimQueue(r.journal.Queue(name)) })
		delete(r.orphans, name)
	}
}

func (r *Relay) reclaimQueue(q *queue.Queue) {
	switch q.State().Name {
	case api.StateOrphaned:
		r.log.Info("webhook is in the file again; its waiting deliveries go on", "webhook", q.Name(), "events", q.Backlog().Events)
		fallthrough
	case stateRenamed:
		q.SetState(history.WebhookState{Since: time.Now()})
	}
}

// findOrphansLocked marks the queues whose webhook is no longer in the file, and sets
// when their deliveries end.
func (r *Relay) findOrphansLocked() {
	for _, q := range r.journal.Queues() {
		name := q.Name()
		_, renamed := r.renames[name]
		_, known := r.orphans[name]
		if renamed || known || !r.journal.Owns(name) || !r.journal.IsOrphan(r.active, name, q.Backlog().Events) {
			continue
		}
		state := q.State()
		if state.Name != api.StateOrphaned {
			state = history.WebhookState{Name: api.StateOrphaned, Since: time.Now(), Why: "its entry is not in the file"}
			q.SetState(state)
			r.log.Warn("webhook was removed from the file while deliveries wait for it; they are canceled in 24h, unless an entry with its name, or with was: NAME, is added",
				"webhook", name, "events", q.Backlog().Events)
		}
		// If the clock was set back while nothing ran, Since may be in the future.
		age := max(0, time.Since(state.Since))
		r.orphans[name] = time.Now().Add(orphanAge - age)
	}
}

// lookForOrphans looks once more after an edit, when it is known what others have.
func (r *Relay) lookForOrphans(ctx context.Context) {
	r.mu.Lock()
	due := r.running && r.lookAgain
	r.mu.Unlock()
	if !due || !r.journal.WaitQueued(ctx) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lookAgain = false
	r.findOrphansLocked()
}

// sweepOrphans cancels the deliveries of orphans whose time is over, until ctx is done.
func (r *Relay) sweepOrphans(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			r.mu.Lock()
			r.findOrphansLocked() // in a cluster webhooks come and go
			for name, until := range r.orphans {
				if !r.journal.Owns(name) || r.journal.Elsewhere(name) || now.After(until) && r.cancelAllLocked(r.journal.Queue(name)) {
					delete(r.orphans, name)
				}
			}
			r.mu.Unlock()
		}
	}
}

// cancelAllLocked ends all deliveries of a queue. It returns false if it must be tried
// again.
func (r *Relay) cancelAllLocked(q *queue.Queue) bool {
	n, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		a := history.Attempt{Generation: r.active.Generation, Status: history.Canceled, Error: orphanedTooLong}
		if e, err := event.Parse(w.Event, w.Filled); err == nil {
			a.Event, a.Type = e.ID, e.Type
		}
		return a, queue.End
	})
	if err != nil {
		r.log.Error("cannot cancel all deliveries of a removed webhook; trying again", "webhook", q.Name(), "canceled", n, "error", err)
		return false
	}
	r.log.Warn("canceled the deliveries of a removed webhook", "webhook", q.Name(), "events", n)
	return true
}
