package deliver

import (
	"cmp"
	"fmt"
	"time"

	"sidehook/relay/deliver/health"
	"sidehook/relay/send"
)

// recoverySlack is how much earlier than the first failure of a streak a delivery
// may have been attempted and still be of it. The two read the clock one after
// another.
const recoverySlack = time.Second

// applyOutcome applies the outcome of an attempt to the state of the webhook.
func (w *worker) applyOutcome(j *job, r *send.Result, throttledUntil time.Time) {
	now := time.Now()
	w.mu.Lock()
	w.inFlight--
	if j.probe {
		w.health.EndProbe()
	}
	w.countOutcomeLocked(now, r)
	var changed, recovered, throttles, flows, unthrottle, otherwise bool
	current := j.hook.Settings == w.hook.Settings // else the entry was edited since
	if r.Verdict == send.Delivered || r.Verdict.CountsAgainst() {
		flows = w.throttle.over(now)
	}
	switch {
	case r.Verdict == send.LocalFault:
		w.backoff = later(w.backoff, now.Add(faultBackoff))
	case w.health.Disabled(), w.hook.Settings == nil: // nothing changes that
	case r.Verdict == send.Throttled:
		if current {
			throttles = w.throttle.met(now, r.Attempt.Error)
			w.backOffLocked(throttledUntil)
		}
	case r.Verdict == send.Delivered:
		recovered = w.health.Succeeded(now, j.hook.Settings.Concurrency)
		changed = recovered
		if inFuture(w.throttle.until) { // this one was in flight when that began
			w.health.StartSlowly()
		} else if w.throttle.waits {
			w.throttle.waits, unthrottle = false, true
		}
	case r.Verdict.CountsAgainst():
		changed = w.health.Failed(now, health.Failure{
			Why: r.Attempt.Error, Probe: j.probe, Gone: r.Verdict == send.Gone, Outdated: !current,
		}, j.hook.Settings.rules(w.d))
		otherwise = !changed && j.probe && r.Attempt.Error != cmp.Or(w.failsBy, w.health.State().Why)
		w.failsBy = r.Attempt.Error
	}
	if changed {
		w.cause = cause{event: r.Attempt.Event, typ: r.Attempt.Type, why: w.health.State().Why}
	}
	if r.Verdict != send.Delivered {
		w.countWaitingLocked()
	}
	throttle := w.throttle
	_, streak := w.health.LastStreak()
	failures := w.health.Failures()
	w.mu.Unlock()

	if throttles || flows {
		throttle.log(w.d.options.Log, w.name)
	}
	if otherwise {
		w.d.options.Log.Warn("webhook is failing for another reason", "webhook", w.name, "attempts", failures, "error", r.Attempt.Error)
	}
	if unthrottle {
		w.queue.Unthrottle()
	}
	if recovered {
		w.queue.PullForward(streak.Add(-recoverySlack))
	}
	switch r.Verdict {
	case send.Delivered, send.Failed, send.Refused, send.Throttled:
		w.d.fault.over(w.d.options.Log)
	case send.LocalFault:
		w.d.fault.met(w.d.options.Log, w.name, r.Attempt.Error)
	}
	if changed {
		w.recordState()
	}
}

// countOutcomeLocked counts an attempt among those of the last hour.
func (w *worker) countOutcomeLocked(now time.Time, r *send.Result) {
	switch {
	case r.Verdict == send.Unprocessable:
		w.health.Unprocessable(now, r.Attempt.Error)
		w.lastHourLocked().count(now, false)
	case r.Verdict == send.Delivered, r.Verdict.CountsAgainst():
		w.lastHourLocked().add(now, r.Verdict == send.Delivered, r.Attempt.Took)
	}
}

// recorded is a state as it was recorded.
type recorded struct {
	name  string // "" is active
	since time.Time
}

// recordState records and logs the state, unless that was done already. Calls
// take turns, so the last one records the state that holds. The worker must not
// be locked.
func (w *worker) recordState() {
	w.recording.Lock()
	defer w.recording.Unlock()
	w.mu.Lock()
	before, state, cause := w.recorded, w.health.State(), w.cause
	w.recorded = recorded{state.Name, state.Since}
	failures, gone := w.health.Failures(), w.hook.Settings == nil
	ended, _ := w.health.LastStreak()
	w.mu.Unlock()
	if state.Name == cmp.Or(before.name, health.Active) {
		return
	}
	w.queue.SetState(state)
	log := w.d.options.Log
	switch {
	case state.Name == health.Disabled:
		log.Error("webhook is disabled: nothing is sent to it, and its waiting deliveries are kept, until its entry is edited or it is enabled",
			"webhook", w.name, "error", state.Why)
		w.notify(Disabled, cause)
	case state.Name == health.Failing:
		log.Warn("webhook is failing", "webhook", w.name, "attempts", failures, "error", state.Why)
		w.notify(Failing, cause)
	case before.name == health.Failing:
		after := state.Since.Sub(before.since).Round(time.Second)
		log.Info("webhook has recovered", "webhook", w.name, "failures", ended, "after", after)
		cause.why = fmt.Sprintf("it works again after %d failed attempts in a row and %v of failing", ended, after)
		w.notify(Recovered, cause)
	case gone: // it is enabled because its entry is gone, which is no news
	case before.name == health.Disabled:
		log.Info("webhook is enabled again", "webhook", w.name, "reason", cause.why)
		w.notify(Enabled, cause)
	}
}
