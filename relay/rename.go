package relay

import (
	"context"
	"errors"
	"time"

	"sidehook/history"
)

// stateRenamed is the state of a former name in a history whose webhooks took
// over from each other, with the new name as its reason. What still waits there
// is moved at the start.
const stateRenamed = "renamed"

// renameEvery is how often it is looked whether anything is left to move: an
// event that was on its way when its webhook was renamed, or all of it, if there
// was no room on the disk.
const renameEvery = time.Second

// renamed are the webhooks of the file by their former names.
func (r *Relay) renamed() map[string]string {
	to := map[string]string{}
	for _, w := range r.force.file.Webhooks {
		if w.Was != "" {
			to[w.Was] = w.Name
		}
	}
	for _, q := range r.journal.Queues() {
		s := q.State()
		if _, ok := r.force.webhooks[s.Why]; ok && s.Name == stateRenamed && to[q.Name()] == "" {
			to[q.Name()] = s.Why
		}
	}
	return to
}

// rename moves what waits for former names to the webhooks that have been
// renamed, while the journal runs.
func (r *Relay) rename(ctx context.Context) {
	if !r.running {
		return
	}
	for was, to := range r.former {
		q := r.journal.Queue(was)
		if q.Backlog().Events == 0 {
			continue
		}
		moved, err := r.journal.Rename(ctx, was, to, r.force.generation)
		if moved > 0 {
			delete(r.orphans, was)
			q.SetState(history.WebhookState{})
			r.log.Info("webhook was renamed: its waiting deliveries go on under the new name", "webhook", to, "was", was, "events", moved)
		}
		if errors.Is(err, history.ErrStopping) || errors.Is(err, history.ErrFailed) || ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != r.renameFailed {
			r.renameFailed = err.Error()
			r.log.Error("cannot move all that waits for the former name of a webhook; trying again each second", "webhook", to, "was", was, "error", err)
		}
	}
}

// startRenaming moves what an edit renamed while no process ran, before anything
// is accepted.
func (r *Relay) startRenaming(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = true
	r.rename(ctx)
}

// keepRenaming moves what an edit could not.
func (r *Relay) keepRenaming(ctx context.Context) {
	tick := time.NewTicker(renameEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.mu.Lock()
			r.rename(ctx)
			r.mu.Unlock()
		}
	}
}
