package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"sidehook/config"
	"sidehook/history/journal"
	"sidehook/relay/engine"
	"sidehook/relay/inforce"
	"sidehook/relay/plan"
)

// Apply puts a configuration in force, or returns an error and changes nothing. It may
// be called before and during Run, one call at a time. doc.go has its order.
func (r *Relay) Apply(file *config.File) error {
	if err := r.apply(file); err != nil {
		return fmt.Errorf("apply %s: %w", file.Path, err)
	}
	r.awaitMoves(context.Background())
	r.lookForOrphans(context.Background())
	return nil
}

func (r *Relay) apply(file *config.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.prepare(file)
	if err != nil {
		return err
	}
	// Nothing fails from here on.
	r.warnRestart(file)
	r.journal.Retain(journal.Retention{Keep: file.History.Keep, MaxSize: file.History.MaxSize})
	before := r.active
	r.active, r.refused = next, nil
	r.inForce.Store(next)
	r.notices.Apply(next.ForNotices())
	r.renames = r.renamesLocked()
	r.reclaimQueuesLocked()
	r.givenUp.Keep(next.Has)
	r.metrics.Keep(slices.Collect(maps.Keys(next.Webhooks)))
	r.deliver.Apply(next.ForDeliver())
	r.journal.Declare(declarationOf(next, before, r.renames))
	r.holdUpLocked()
	r.holdOwned(next)
	r.renameLocked(context.Background()) // before events are accepted under the new names
	r.intake.Apply(next.ForIntake())
	r.outboxes.Apply(next.Databases)
	r.findOrphansLocked()
	r.lookAgain = r.atStart.Cluster.Given()
	r.setLimitsLocked()
	if before != nil {
		r.reportReload(before, next)
	}
	return nil
}

// prepare makes the next configuration, or returns why it cannot be in force.
func (r *Relay) prepare(file *config.File) (*inforce.Config, error) {
	next, err := inforce.New(file, r.active, r.opts.Version)
	if err != nil {
		return nil, err
	}
	next.Generation = r.journal.Number(next.Digest, r.active != nil && r.active.Digest != next.Digest)
	return next, nil
}

// warnRestart warns of changes that only a restart puts in force. It does not warn of
// a change back to what is in force.
func (r *Relay) warnRestart(file *config.File) {
	if r.active == nil {
		return
	}
	atStart, last := r.atStart, r.active.File
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
		r.active.Limit(q)
	}
}

// declarationOf returns what an engine needs to know of a configuration that replaces
// before, which is nil at the start. Its renames may have some that the file before had.
func declarationOf(c, before *inforce.Config, renames map[string]rename) engine.Declaration {
	d := engine.Declaration{
		Generation: c.Generation, Hash: c.Digest, Edited: before != nil && before.Digest != c.Digest,
		Digests: make(map[string]string, len(c.Webhooks)), Was: map[string]string{},
	}
	for was, x := range renames {
		d.Was[x.to] = was
	}
	for _, w := range c.File.Webhooks {
		if d.Digests[w.Name] = w.Digest(); w.Was != "" {
			d.Was[w.Name] = w.Was
		}
	}
	return d
}
