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

func (w *worker) snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	state := w.health.State()
	s := Snapshot{Since: w.since, InFlight: w.inFlight, LastHour: w.lastHour.sum(time.Now())}
	s.LastSuccess, s.LastError = w.health.Last()
	s.LastErrorAt = w.health.LastErrorAt()
	switch settings := w.hook.Settings; {
	case settings == nil:
		s.State = "orphaned"
		return s
	case settings.Off:
		s.State = "off"
		return s
	case state.Name == health.Disabled:
		s.State, s.Since, s.Why = state.Name, state.Since, state.Why
		return s
	case settings.Paused:
		s.State = "paused"
		return s
	case state.Name == health.Failing:
		s.State, s.Since, s.Why = state.Name, state.Since, state.Why
	case inFuture(w.throttle.until):
		s.State, s.Since, s.Why = Throttled, later(s.Since, w.throttle.begun), w.throttle.reason()
	default:
		s.State, s.Since = health.Active, later(s.Since, state.Since)
	}
	if due, ok := w.queue.Due(); ok {
		s.Next = later(due, w.backoff)
		if w.health.Failing() {
			s.Next = later(s.Next, w.health.ProbeAt())
		}
	}
	return s
}
