package deliver

import (
	"time"

	"sidehook/relay/deliver/health"
)

// Throttled is the state of a webhook that is not failing, and whose receiver has
// asked to be left alone for some time yet. The history does not keep it.
const Throttled = "throttled"

// Snapshot is where a webhook stands.
type Snapshot struct {
	State       string // active, failing, throttled, paused, off, disabled or orphaned
	Since       time.Time
	Why         string
	InFlight    int
	LastHour    LastHour
	LastSuccess time.Time
	LastError   string
	LastErrorAt time.Time
	Next        time.Time // when the next attempt is made; zero if none is to come
}

// Snapshot returns where a webhook stands. It is false if this process does not
// hold the webhook; of one that is not in force any more, requests may still be
// in flight.
func (d *Deliverer) Snapshot(webhook string) (Snapshot, bool) {
	w := d.worker(webhook)
	if w == nil {
		return Snapshot{}, false
	}
	return w.snapshot(), true
}

// State returns the state of a webhook, which costs less than a Snapshot. It is "" if
// this process does not hold the webhook.
func (d *Deliverer) State(webhook string) string {
	w := d.worker(webhook)
	if w == nil {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name, _, _ := w.stateLocked()
	return name
}

func (w *worker) stateLocked() (name string, since time.Time, why string) {
	state := w.health.State()
	switch settings := w.hook.Settings; {
	case settings == nil:
		return "orphaned", w.since, ""
	case settings.Off:
		return "off", w.since, ""
	case state.Name == health.Disabled:
		return state.Name, state.Since, state.Why
	case settings.Paused:
		return "paused", w.since, ""
	case state.Name == health.Failing:
		return state.Name, state.Since, state.Why
	case inFuture(w.throttle.until):
		return Throttled, later(w.since, w.throttle.begun), w.throttle.reason()
	}
	return health.Active, later(w.since, state.Since), ""
}

func (w *worker) snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Snapshot{InFlight: w.inFlight, LastHour: w.lastHour.sum(time.Now()), LastErrorAt: w.health.LastErrorAt()}
	s.State, s.Since, s.Why = w.stateLocked()
	s.LastSuccess, s.LastError = w.health.Last()
	switch s.State {
	case health.Active, health.Failing, Throttled:
	default: // nothing is sent
		return s
	}
	if due, ok := w.queue.Due(); ok {
		s.Next = later(due, w.backoff)
		if w.health.Failing() {
			s.Next = later(s.Next, w.health.ProbeAt())
		}
	}
	return s
}
