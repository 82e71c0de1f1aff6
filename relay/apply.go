package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"sidehook/config"
	"sidehook/config/unit"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/relay/plan"
)

// Apply puts a configuration in force, or returns an error and changes nothing. It may
// be called before and during Run, one call at a time. doc.go has its order.
func (r *Relay) Apply(file *config.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.prepare(file)
	if err != nil {
		return fmt.Errorf("apply %s: %w", file.Path, err)
	}
	// Nothing fails from here on.
	r.warnRestart(file)
	r.journal.Retain(journal.Retention{Keep: file.History.Keep, MaxSize: file.History.MaxSize})
	before := r.active
	r.active, r.refused = next, nil
	r.inForce.Store(next)
	r.notices.Apply(next.forNotices())
	r.renames = r.renamesLocked()
	r.reclaimQueuesLocked()
	r.givenUp.Keep(func(webhook string) bool { return isIn(next, webhook) })
	r.metrics.Keep(slices.Collect(maps.Keys(next.webhooks)))
	r.deliver.Apply(next.forDeliver())
	r.journal.Declare(next.declaration(before))
	r.holdOwned(next)
	r.renameLocked(context.Background()) // before events are accepted under the new names
	r.intake.Apply(next.forIntake())
	r.outboxes.Apply(next.databases)
	r.findOrphansLocked()
	r.setLimitsLocked()
	if before != nil {
		r.reportReload(before, next)
	}
	return nil
}

// warnRestart warns of changes that only a restart puts in force. It does not warn of
// a change back to what is in force.
func (r *Relay) warnRestart(file *config.File) {
	if r.active == nil {
		return
	}
	atStart, last := r.atStart, r.active.file
	if !plan.SameListen(file, atStart) && !plan.SameListen(file, last) {
		r.log.Warn("listen has changed; this takes effect at the next start")
	}
	if !plan.SameCluster(file, atStart) && !plan.SameCluster(file, last) {
		r.log.Warn("cluster has changed; this takes effect at the next start")
	}
	if dir := file.History.Dir; dir != atStart.History.Dir && dir != last.History.Dir {
		r.log.Warn("history.dir has changed; this takes effect at the next start")
	}
}

// setLimitsLocked sets when each queue ends deliveries that have waited too long.
func (r *Relay) setLimitsLocked() {
	for _, q := range r.journal.Queues() {
		r.active.limit(q)
	}
}

func (a *activeConfig) limit(q *queue.Queue) {
	keep := a.file.History.Keep
	kept := queue.Limit{Setting: "keep " + unit.FormatDuration(keep), Age: keep}
	var limits []queue.Limit
	if w, ok := a.webhooks[q.Name()]; ok {
		limits = limitsOf(w.config)
	}
	q.Limit(a.generation, append(limits, kept)...)
}

// limitsOf returns the settings of a webhook that end waiting deliveries.
func limitsOf(w *config.Webhook) (limits []queue.Limit) {
	if w.ExpireAfter > 0 {
		limits = append(limits, queue.Limit{Setting: "expire_after " + unit.FormatDuration(w.ExpireAfter), Age: w.ExpireAfter})
	}
	if w.MaxBacklog != (config.Backlog{}) {
		limits = append(limits, queue.Limit{Setting: "max_backlog " + w.MaxBacklog.String(), Age: w.MaxBacklog.Age, Size: w.MaxBacklog.Size})
	}
	return limits
}
