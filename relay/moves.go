package relay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sidehook/history"
	"sidehook/relay/engine"
)

// In a cluster the member that owns a webhook and its former name moves the waiting
// deliveries; the others ask it to. Until that is done, they accept no events under the new
// name: these would overtake the waiting deliveries.

const (
	// movedWithin is how long a start, and an edit, wait for deliveries to be moved.
	// After that, events for their webhooks wait, and no others.
	movedWithin = 5 * time.Second
	// moveAgain is how soon they are looked at again.
	moveAgain = 20 * time.Millisecond
)

// holdUpLocked makes events wait for webhooks whose former names may have deliveries.
func (r *Relay) holdUpLocked() {
	var names []string
	for _, x := range r.renames {
		if !x.done {
			names = append(names, x.to)
		}
	}
	r.journal.HoldUp(names)
}

// awaitMoves returns when the deliveries of former names have been moved, or after
// movedWithin.
func (r *Relay) awaitMoves(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, movedWithin)
	defer cancel()
	for !r.renameInCluster(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(moveAgain):
		}
	}
}

// renameInCluster has the owners move the deliveries of former names. It reports whether all
// that waited when the renames came into force are moved.
func (r *Relay) renameInCluster(ctx context.Context) bool {
	renames, generation := r.due()
	if len(renames) == 0 {
		return true
	}
	left, err := r.journal.Unmoved(ctx, renames)
	if err != nil {
		return false // the database is away, which is logged elsewhere
	}
	var mu sync.Mutex
	moved := maps.Clone(renames)
	for _, was := range left {
		delete(moved, was)
	}
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(engine.AsksAtOnce)
	for _, was := range left {
		group.Go(func() error {
			if r.moveWhereOwned(asking, was, renames[was], generation) == nil {
				mu.Lock()
				defer mu.Unlock()
				moved[was] = renames[was]
			}
			return nil
		})
	}
	_ = group.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := true
	for was, x := range r.renames {
		if moved[was] == x.to {
			x.done = true
			r.renames[was] = x
			delete(r.orphans, was)
		}
		all = all && x.done
	}
	if all {
		r.renaming.Over(r.log, "deliveries can be moved to the new names of their webhooks again")
	}
	r.holdUpLocked()
	return all
}

// due returns the new names of the renames that are not done, or for which more waits
// here, by the former ones; and the generation in force. There are none before the
// journal runs.
func (r *Relay) due() (renames map[string]string, generation history.Generation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	renames = map[string]string{}
	if !r.running || !r.atStart.Cluster.Given() {
		return renames, 0
	}
	for was, x := range r.renames {
		if !x.done || r.journal.Owns(was) && r.journal.Queue(was).Backlog().Events > 0 {
			renames[was] = x.to
		}
	}
	return renames, r.active.Generation
}

// moveWhereOwned returns nil after all has been moved that waits for a former name.
func (r *Relay) moveWhereOwned(ctx context.Context, was, to string, generation history.Generation) error {
	switch {
	case r.journal.Owns(was) && r.journal.Owns(to):
		_, err := r.move(ctx, was, to, generation)
		return err
	case r.journal.Owns(was) || r.journal.Owner(was) == "":
		return errors.New("they have no owner yet")
	}
	return r.journal.AskOwner(ctx, was, engine.AskRename, to, nil)
}

// askedRename moves what waits for a former name, for another member.
func (r *Relay) askedRename(ctx context.Context, was, to string) error {
	active := r.inForce.Load()
	if active.Has(was) {
		return fmt.Errorf("webhook %q is in the file of the member that owns it", was)
	}
	_, err := r.move(ctx, was, to, active.Generation)
	return err
}
