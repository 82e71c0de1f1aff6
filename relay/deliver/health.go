package deliver

import (
	"cmp"
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

const (
	// failuresInARow make a webhook failing.
	failuresInARow = 5
	// A failing webhook is probed after probeFirst or the first wait of its
	// schedule, if that is less, but not before probeLeast; then the wait
	// doubles, up to probeMost.
	probeFirst = 5 * time.Second
	probeLeast = 100 * time.Millisecond
	probeMost  = time.Minute
	// A recovery makes those deliveries due that failed in the row it ends, so
	// that they do not wait on for a receiver that is back. advanceSlack is for
	// the clocks of the row and of a delivery, which are read one after another.
	advanceSlack = time.Second
)

// The states that are kept in the history. Any other is active.
const (
	stateActive   = "active"
	stateFailing  = "failing"
	stateDisabled = "disabled"
)

// health is how a webhook's receiver is doing. It belongs to the worker's lock.
type health struct {
	failing  bool
	disabled bool
	since    time.Time
	why      string
	entry    string               // what disabled it was learnt of
	told     history.WebhookState // what was recorded last
	cause    cause                // of the last change

	failures  int       // in a row
	first     time.Time // of them, on the monotonic clock
	ended     int       // how many they were when it last recovered
	probing   bool
	asked     bool // for a probe, since the last one began
	probeAt   time.Time
	probeWait time.Duration
	ramp      int // so many requests may be under way at once; 0: all that are configured

	lastSuccess time.Time
	lastError   string
	hour        *hour // made by the first attempt
}

// restore takes up the state that the history has kept.
func (h *health) restore(s history.WebhookState, row history.FailureStreak) {
	h.told, h.since, h.why, h.entry = s, s.Since, s.Why, s.Entry
	h.failing = s.Name == stateFailing
	h.disabled = s.Name == stateDisabled
	h.failures, h.lastSuccess, h.lastError = row.Failures, row.LastSuccess, row.LastError
	now := time.Now()
	h.first = now.Add(-max(0, now.Sub(row.Since)))
}

// state is what the history should have.
func (h *health) state() history.WebhookState {
	if h.disabled {
		return history.WebhookState{Name: stateDisabled, Since: h.since, Why: h.why, Entry: h.entry}
	}
	if h.failing {
		return history.WebhookState{Name: stateFailing, Since: h.since, Why: h.why}
	}
	return history.WebhookState{Name: stateActive, Since: h.since}
}

// probeNow makes the next probe due, at the end of one that is under way, and
// the waits begin anew behind it.
func (h *health) probeNow() { h.asked, h.probeAt, h.probeWait = true, time.Time{}, 0 }

// nextProbe is how long to wait for the next probe.
func (h *health) nextProbe(s *Settings) time.Duration {
	if h.probeWait == 0 {
		h.probeWait = s.firstProbe()
	} else {
		h.probeWait = min(2*h.probeWait, probeMost)
	}
	return h.probeWait
}

// succeeded reports whether the state has changed by a delivery.
func (h *health) succeeded(now time.Time, concurrency int) bool {
	failures := h.failures
	h.failures = 0
	h.lastSuccess = now
	if h.failing {
		h.failing, h.since, h.why, h.ended = false, now, "", failures
		h.ramp = 1
		return true
	}
	if h.ramp *= 2; h.ramp >= concurrency {
		h.ramp = 0
	}
	return false
}

// failed reports whether the state has changed by a failed attempt.
func (h *health) failed(now time.Time, why string) bool {
	if h.failures++; h.failures == 1 {
		h.first = now
	}
	h.lastError = why
	if h.failing || h.failures < failuresInARow {
		return false
	}
	h.failing, h.since, h.why = true, now, why
	h.ramp = 0
	return true
}

// learn draws from an attempt what it says of the webhook.
func (w *worker) learn(j *job, r *send.Result, until time.Time) {
	now := time.Now()
	w.mu.Lock()
	w.underWay--
	h := &w.health
	if j.probe {
		h.probing = false
	}
	var changed, recovered, throttles, takes, flows bool
	var row time.Time // when the row of failures began that a recovery ends
	if h.hour == nil && (r.Verdict == send.Delivered || r.Verdict == send.Unprocessable || r.Verdict.CountsAgainst()) {
		h.hour = new(hour)
	}
	switch {
	case r.Verdict == send.Unprocessable:
		h.hour.count(now, false)
		h.lastError = r.Attempt.Error
	case r.Verdict == send.Delivered, r.Verdict.CountsAgainst():
		h.hour.add(now, r.Verdict == send.Delivered, r.Attempt.Took)
		flows = w.throttle.over(now)
	}
	switch {
	case r.Verdict == send.LocalFault:
		w.hold = later(w.hold, now.Add(localWait))
	case h.disabled, w.hook.Settings == nil: // the requests under way then say nothing that changes it
	case r.Verdict == send.Throttled:
		// What an entry that was edited since was answered does not hold this one.
		if j.hook.Settings == w.hook.Settings {
			throttles = w.throttle.met(now, r.Attempt.Error)
			w.throttled(until)
		}
	case r.Verdict == send.Delivered:
		changed = h.succeeded(now, j.hook.Settings.Concurrency)
		recovered, row = changed, h.first
		if ahead(w.throttle.until) { // it was under way when that began
			h.ramp = 1
		} else if w.throttle.waits {
			w.throttle.waits, takes = false, true
		}
	case r.Verdict.CountsAgainst():
		changed = h.failed(now, r.Attempt.Error)
		if changed {
			h.probeNow()
		}
		if changed || j.probe && h.failing && !h.asked {
			h.probeAt = now.Add(w.d.jitter(h.nextProbe(j.hook.Settings)))
		}
		// What an entry that was edited since came to says nothing of this one.
		if why, ends := h.ends(now, j.hook.Settings, r); ends && j.hook.Settings == w.hook.Settings {
			h.disable(now, why, w.hook.Settings.Entry)
			changed = true
		}
	}
	if changed {
		h.cause = cause{event: r.Attempt.Event, typ: r.Attempt.Type, why: h.why}
	}
	if r.Verdict != send.Delivered {
		w.count()
	}
	throttle := w.throttle
	w.mu.Unlock()
	if throttles || flows {
		throttle.tell(w.d.options.Log, w.name)
	}
	if takes {
		w.queue.Unthrottle()
	}
	if recovered {
		w.queue.PullForward(row.Add(-advanceSlack))
	}
	switch r.Verdict {
	case send.Delivered, send.Failed, send.Refused, send.Throttled:
		w.d.fault.over(w.d.options.Log)
	case send.LocalFault:
		w.d.fault.met(w.d.options.Log, w.name, r.Attempt.Error)
	}
	if changed {
		w.tell()
	}
}

// tell records and logs the state, unless that was done since. It is not called
// under the worker's lock, and the last one to tell tells what holds.
func (w *worker) tell() {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Lock()
	before, state, cause := w.health.told, w.health.state(), w.health.cause
	w.health.told = state
	failures, ended, gone := w.health.failures, w.health.ended, w.hook.Settings == nil
	w.mu.Unlock()
	if state.Name == cmp.Or(before.Name, stateActive) {
		return
	}
	w.queue.SetState(state)
	switch {
	case state.Name == stateDisabled:
		w.d.options.Log.Error("webhook is disabled: nothing is sent to it, and what waits is kept, until its entry is edited or it is enabled",
			"webhook", w.name, "error", state.Why)
		w.happened(Disabled, cause)
	case state.Name == stateFailing:
		w.d.options.Log.Warn("webhook is failing", "webhook", w.name, "attempts", failures, "error", state.Why)
		w.happened(Failing, cause)
	case before.Name == stateFailing:
		after := state.Since.Sub(before.Since).Round(time.Second)
		w.d.options.Log.Info("webhook has recovered", "webhook", w.name, "failures", ended, "after", after)
		cause.why = fmt.Sprintf("it works again after %d failed attempts in a row and %v of failing", ended, after)
		w.happened(Recovered, cause)
	case gone: // its entry is, and nothing is sent to it for that
	case before.Name == stateDisabled:
		w.d.options.Log.Info("webhook is enabled again", "webhook", w.name, "reason", cause.why)
		w.happened(Enabled, cause)
	}
}
