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

// rename is how the deliveries of a former name go on.
type rename struct {
	to   string
	done bool // in a cluster: what waited when it came into force has been moved
}

// renamesLocked returns the renames by their former names.
func (r *Relay) renamesLocked() map[string]rename {
	renames := map[string]rename{}
	renamed := map[string]bool{} // the new names
	for _, w := range r.active.File.Webhooks {
		if w.Was != "" {
			renames[w.Was] = rename{to: w.Name}
			renamed[w.Name] = true
		}
	}
	for _, q := range r.journal.Queues() {
		s := q.State()
		if _, ok := r.active.Webhooks[s.Why]; ok && s.Name == stateRenamed && renames[q.Name()].to == "" {
			renames[q.Name()] = rename{to: s.Why}
		}
	}
	for was, before := range r.renames {
		now, ok := renames[was]
		switch {
		case ok && now.to == before.to:
			renames[was] = before
		case !ok && !before.done && r.active.Has(before.to) && !r.active.Has(was) && !renamed[before.to]:
			renames[was] = before // its file was replaced before it was done
		}
	}
	return renames
}

// renameLocked moves the waiting deliveries of former names to the new ones, durably
// and once. It does nothing before the journal runs, and nothing in a cluster, where
// others may have to do it.
func (r *Relay) renameLocked(ctx context.Context) {
	if !r.running || r.atStart.Cluster.Given() {
		return
	}
	failed := false
	for was, x := range r.renames {
		if r.journal.Queue(was).Backlog().Events == 0 {
			continue
		}
		moved, err := r.move(ctx, was, x.to, r.active.Generation)
		if moved > 0 {
			delete(r.orphans, was)
		}
		if history.Ended(err) || ctx.Err() != nil {
			return
		}
		failed = failed || err != nil
	}
	if !failed {
		r.renaming.Over(r.log, "deliveries can be moved to the new names of their webhooks again")
	}
}

// move moves what waits for a former name. In a cluster this process must own both names.
func (r *Relay) move(ctx context.Context, was, to string, generation history.Generation) (moved int, err error) {
	moved, err = r.journal.Rename(ctx, was, to, generation)
	if moved > 0 {
		r.journal.Queue(was).SetState(history.WebhookState{})
		r.log.Info("webhook was renamed; its waiting deliveries go on under the new name", "webhook", to, "was", was, "events", moved)
	}
	if err != nil && ctx.Err() == nil && !history.Ended(err) {
		r.renaming.Met(r.log, "cannot move all deliveries that wait under the former name of a webhook; trying again", err, "webhook", to, "was", was)
	}
	return moved, err
}

// startRenaming moves deliveries for an edit that was made while no process ran. It
// must return before events are accepted.
func (r *Relay) startRenaming(ctx context.Context) {
	r.mu.Lock()
	r.running = true
	r.renameLocked(ctx)
	r.mu.Unlock()
	r.awaitMoves(ctx)
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
			r.renameInCluster(ctx)
			r.lookForOrphans(ctx)
		}
	}
}
