package relay

import (
	"context"
	"time"

	"sidehook/history"
)

// stateRenamed is the state of a former name in histories of earlier versions, with
// the new name as its reason. Deliveries that wait there are moved at the start.
const stateRenamed = "renamed"

// renameEvery is how often remaining deliveries are moved: those of an event that was
// being accepted while its webhook was renamed, or all, if the disk was full.
const renameEvery = time.Second

// renamesLocked returns the new names of webhooks by their former names.
func (r *Relay) renamesLocked() map[string]string {
	to := map[string]string{}
	for _, w := range r.active.File.Webhooks {
		if w.Was != "" {
			to[w.Was] = w.Name
		}
	}
	for _, q := range r.journal.Queues() {
		s := q.State()
		if _, ok := r.active.Webhooks[s.Why]; ok && s.Name == stateRenamed && to[q.Name()] == "" {
			to[q.Name()] = s.Why
		}
	}
	return to
}

// renameLocked moves the waiting deliveries of former names to the new ones, durably
// and once. It does nothing before the journal runs.
func (r *Relay) renameLocked(ctx context.Context) {
	if !r.running {
		return
	}
	failed := false
	for was, to := range r.renames {
		if !r.journal.Owns(was) {
			continue
		}
		q := r.journal.Queue(was)
		if q.Backlog().Events == 0 {
			continue
		}
		moved, err := r.journal.Rename(ctx, was, to, r.active.Generation)
		if moved > 0 {
			delete(r.orphans, was)
			q.SetState(history.WebhookState{})
			r.log.Info("webhook was renamed; its waiting deliveries go on under the new name", "webhook", to, "was", was, "events", moved)
		}
		if history.Ended(err) || ctx.Err() != nil {
			return
		}
		if failed = failed || err != nil; err != nil {
			r.renaming.Met(r.log, "cannot move all deliveries that wait under the former name of a webhook; trying again", err, "webhook", to, "was", was)
		}
	}
	if !failed {
		r.renaming.Over(r.log, "deliveries can be moved to the new names of their webhooks again")
	}
}

// startRenaming moves deliveries for an edit that was made while no process ran. It
// must return before events are accepted.
func (r *Relay) startRenaming(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = true
	r.renameLocked(ctx)
}

// keepRenaming moves remaining deliveries, until ctx is done.
func (r *Relay) keepRenaming(ctx context.Context) {
	tick := time.NewTicker(renameEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.mu.Lock()
			r.renumberLocked()
			r.renameLocked(ctx)
			r.mu.Unlock()
		}
	}
}
