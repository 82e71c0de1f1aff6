package relay

import (
	"context"
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

const (
	stateOrphaned = "orphaned"
	// stateRenamed is that of a former name, kept in the history with the name that
	// has taken over as its reason, since the file tells of the last one only.
	stateRenamed = "renamed"
	// orphanAge is how long the deliveries of a webhook that has gone are kept.
	orphanAge  = 24 * time.Hour
	sweepEvery = time.Minute
)

const orphanedTooLong = "its webhook was removed from the file more than 24h ago"

// recallHeirs takes up who had taken over from whom when the process before
// ended, for an Apply to go on from. It does so in the order in which they did, as
// of several former names an heir drains the last one.
func (r *Relay) recallHeirs() {
	renamed := slices.DeleteFunc(r.journal.Queues(), func(q *history.Queue) bool { return q.State().Name != stateRenamed })
	slices.SortStableFunc(renamed, func(a, b *history.Queue) int { return a.State().Since.Compare(b.State().Since) })
	for _, q := range renamed {
		heir := q.State().Why
		last := heir
		for next, ok := r.heirs[last]; ok; next, ok = r.heirs[last] {
			last = next
		}
		// Where a damaged line hides the end of it, two names could lead to each other.
		if last != q.Name() {
			r.takeOver(q.Name(), heir)
		}
	}
	for _, q := range renamed {
		if q.Backlog().Events == 0 {
			r.giveBack(q.Name())
			q.SetState(history.State{})
		}
	}
}

// takeOver has an heir drain what waits for a former name, and for no other that
// it had before.
func (r *Relay) takeOver(name, heir string) {
	maps.DeleteFunc(r.heirs, func(_, of string) bool { return of == heir })
	r.heirs[name] = heir
	r.journal.Queue(heir).TakeOver(r.journal.Queue(name))
}

// welcomeBack ends being orphaned for the webhooks that are in the file, and
// gives them back what still waits of what was taken over from them.
func (r *Relay) welcomeBack() {
	for name := range r.force.webhooks {
		if heir, ok := r.heirs[name]; ok {
			r.giveBack(name)
			r.log.Info("webhook is back and takes up what its heir has not delivered", "webhook", name, "heir", heir, "events", r.journal.Queue(name).Backlog().Events)
		}
		switch q := r.journal.Queue(name); q.State().Name {
		case stateOrphaned:
			r.log.Info("webhook is back and takes up what waits", "webhook", name, "events", q.Backlog().Events)
			fallthrough
		case stateRenamed:
			q.SetState(history.State{Since: time.Now()})
		}
		delete(r.orphans, name)
	}
}

// giveBack ends that an heir, if there is one, drains what waits for a former name.
func (r *Relay) giveBack(name string) {
	if heir, ok := r.heirs[name]; ok {
		r.journal.Queue(heir).GiveBack(r.journal.Queue(name))
		delete(r.heirs, name)
	}
}

// findOrphans hands what waits for former names to the webhooks that have them
// now, and gives what waits for nobody a time to live.
func (r *Relay) findOrphans() {
	heirs := map[string]string{}
	for _, w := range r.force.file.Webhooks {
		if w.Was != "" {
			heirs[w.Was] = w.Name
		}
	}
	for _, q := range r.journal.Queues() {
		name := q.Name()
		if _, ok := r.force.webhooks[name]; ok || q.Backlog().Events == 0 {
			continue
		}
		if heir, ok := heirs[name]; ok {
			if r.heirs[name] == heir {
				continue
			}
			r.giveBack(name)
			delete(r.orphans, name)
			q.SetState(history.State{Name: stateRenamed, Since: time.Now(), Why: heir})
			r.takeOver(name, heir)
			r.log.Info("webhook takes over what waits for its former name", "webhook", heir, "was", name, "events", q.Backlog().Events)
			continue
		}
		if r.passedOn(name, heirs) {
			continue
		}
		r.giveBack(name) // no entry says so any more
		if _, known := r.orphans[name]; known {
			continue
		}
		state := q.State()
		if state.Name != stateOrphaned {
			state = history.State{Name: stateOrphaned, Since: time.Now(), Why: "its entry is not in the file"}
			q.SetState(state)
			r.log.Warn("webhook is gone and deliveries wait for it: they are kept for 24h, and go on if an entry of its name, or with was: NAME, appears",
				"webhook", name, "events", q.Backlog().Events)
		}
		// A clock that was set back while nothing ran makes no orphan live longer.
		age := max(0, time.Since(state.Since))
		r.orphans[name] = time.Now().Add(orphanAge - age)
	}
}

// passedOn says whether who took over from a name has been taken over from
// itself, so that its own heir drains both.
func (r *Relay) passedOn(name string, heirs map[string]string) bool {
	heir, taken := r.heirs[name]
	if _, ok := r.force.webhooks[heir]; ok || !taken {
		return false
	}
	_, declared := heirs[heir]
	return declared || r.passedOn(heir, heirs)
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
func (r *Relay) cancelAll(q *history.Queue) bool {
	n, err := q.Cancel(func(w *history.Waiting) (history.Attempt, history.Verdict) {
		a := history.Attempt{Generation: r.force.generation, Status: history.Canceled, Error: orphanedTooLong}
		if e, err := event.Parse(w.Event, w.Filled); err == nil {
			a.Event, a.Type = e.ID, e.Type
		}
		return a, history.End
	})
	if err != nil {
		r.log.Error("cannot cancel all that waits for a webhook that is gone", "webhook", q.Name(), "canceled", n, "error", err)
		return false
	}
	r.log.Warn("canceled what waited for a webhook that is gone", "webhook", q.Name(), "events", n)
	return true
}
