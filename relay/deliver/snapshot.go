package deliver

import (
	"time"
)

// Snapshot is where a webhook stands.
type Snapshot struct {
	State       string // active, failing, paused, off, disabled or orphaned
	Since       time.Time
	Why         string
	InFlight    int
	LastHour    Hour
	LastSuccess time.Time
	LastError   string
	Next        time.Time // when the next attempt is made; zero if none is to come
}

// Snapshot says where a webhook stands. It is false for one that is neither in
// force nor has anything left of the time when it was.
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
	h := &w.health
	s := Snapshot{Since: w.since, InFlight: w.underWay, LastSuccess: h.lastSuccess, LastError: h.lastError}
	s.LastHour = h.hour.sum(time.Now())
	switch settings := w.hook.Settings; {
	case settings == nil:
		s.State = "orphaned"
		return s
	case settings.Off:
		s.State = "off"
		return s
	case h.disabled:
		s.State, s.Since, s.Why = stateDisabled, h.since, h.why
		return s
	case settings.Paused:
		s.State = "paused"
		return s
	case h.failing:
		s.State, s.Since, s.Why = stateFailing, h.since, h.why
	default:
		s.State, s.Why = stateActive, w.throttle.reason()
		s.Since = later(s.Since, h.since)
	}
	if due, ok := w.queue.Due(); ok {
		s.Next = later(due, w.hold)
		if h.failing {
			s.Next = later(s.Next, h.probeAt)
		}
	}
	return s
}

// RetryNow makes all waits of a webhook due now, probes it at once if it is failing
// and goes on if its receiver throttles. It is false if there is no such webhook in force.
func (d *Deliverer) Hasten(webhook string) bool {
	w := d.worker(webhook)
	if w == nil {
		return false
	}
	w.mu.Lock()
	settings := w.hook.Settings
	if settings != nil {
		w.health.probeNow()
		w.unhold()
	}
	w.mu.Unlock()
	if settings == nil {
		return false
	}
	w.queue.RetryNow()
	return true
}
