package relay

import (
	"context"
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
// ended, for an Apply to go on from.
func (r *Relay) recallHeirs() {
	for _, q := range r.journal.Queues() {
		s := q.State()
		last := s.Why
		for heir, ok := last, true; ok; heir, ok = r.heirs[last] {
			last = heir
		}
		// Where a damaged line hides the end of it, two names could lead to each other.
		if s.Name == stateRenamed && last != q.Name() {
			r.heirs[q.Name()] = s.Why
			r.journal.Queue(s.Why).TakeOver(q)
		}
	}
	for name := range r.heirs {
		if q := r.journal.Queue(name); q.Backlog().Events == 0 {
			r.giveBack(name)
			q.SetState(history.State{})
		}
	}
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

// giveBack ends that an heir drains what waits for a former name.
func (r *Relay) giveBack(name string) {
	r.journal.Queue(r.heirs[name]).GiveBack(r.journal.Queue(name))
	delete(r.heirs, name)
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
			switch r.heirs[name] {
			case heir:
				continue
			case "":
			default:
				r.giveBack(name)
			}
			r.heirs[name] = heir
			delete(r.orphans, name)
			q.SetState(history.State{Name: stateRenamed, Since: time.Now(), Why: heir})
			r.journal.Queue(heir).TakeOver(q)
			r.log.Info("webhook takes over what waits for its former name", "webhook", heir, "was", name, "events", q.Backlog().Events)
			continue
		}
		if r.passedOn(name, heirs) {
			continue
		}
		if _, taken := r.heirs[name]; taken {
			r.giveBack(name) // no entry says so any more
		}
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
