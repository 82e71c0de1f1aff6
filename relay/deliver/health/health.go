// Package health decides from its attempts how the receiver of one webhook is
// doing: active, failing or disabled. A Tracker is a state machine: it has no
// clock, no lock and no goroutine. Package deliver passes the time in, and calls
// it under the webhook's lock.
//
//	active    five failures in a row make it failing
//	failing   one probe at a time, after waits that double; a success ends it, and
//	          requests double with each further success
//	disabled  nothing is sent until Enable
//
// It promises that idle time never counts as failing, that at most one probe is
// in flight, and that deliveries which have not begun use up no attempts on a
// failing receiver.
package health

import (
	"strconv"
	"strings"
	"time"

	"sidehook/history"
)

const (
	// failuresInARow make a webhook failing.
	failuresInARow = 5
	// minFailures is how many failures in a row disable a webhook at least, however long
	// they took.
	minFailures = 10
	// A failing webhook is probed after maxFirstProbe, or after the first wait of
	// its schedule if that is shorter, but not before minFirstProbe. Then the wait
	// doubles up to maxProbe.
	minFirstProbe = 100 * time.Millisecond
	maxFirstProbe = 5 * time.Second
	maxProbe      = time.Minute
)

// The names of the states. History keeps those that are not active.
const (
	Active   = "active"
	Failing  = "failing"
	Disabled = "disabled"
)

// Rules are the settings of a webhook about its health.
type Rules struct {
	Retry        []time.Duration // its schedule
	DisableAfter time.Duration   // disabled after so long with nothing but failures; 0: never
	Entry        string          // differs for each entry
	Jitter       func(time.Duration) time.Duration
}

// Failure is an attempt that counts against the webhook.
type Failure struct {
	Why   string
	Probe bool // it was one
	Gone  bool // the receiver asked for no more
	// Outdated is set if the entry was edited since the attempt began. Such a
	// failure disables nothing.
	Outdated bool
}

// Tracker is the health of one webhook. The zero Tracker is active.
type Tracker struct {
	failing   bool
	disabled  bool
	probing   bool  // a probe is in flight
	probeSoon bool  // ProbeNow was called since the last probe began
	ramp      int32 // so many requests may be in flight; 0: as many as are configured

	since time.Time
	why   string
	entry string // it was disabled with

	failures  int       // in a row
	ended     int       // how many there were when it last recovered
	first     time.Time // of them, on the monotonic clock
	probeAt   time.Time
	probeWait time.Duration

	lastSuccess time.Time
	lastError   string
	lastErrorAt time.Time
}

// Restore sets the state that the history has.
func (t *Tracker) Restore(now time.Time, s history.WebhookState, streak history.FailureStreak) {
	t.since, t.why, t.entry = s.Since, s.Why, s.Entry
	t.failing = s.Name == Failing
	t.disabled = s.Name == Disabled
	t.failures, t.lastSuccess = streak.Failures, streak.LastSuccess
	t.lastError, t.lastErrorAt = streak.LastError, streak.LastErrorAt
	t.first = now.Add(-max(0, now.Sub(streak.Since)))
}

// State returns the state for the history.
func (t *Tracker) State() history.WebhookState {
	switch {
	case t.disabled:
		return history.WebhookState{Name: Disabled, Since: t.since, Why: t.why, Entry: t.entry}
	case t.failing:
		return history.WebhookState{Name: Failing, Since: t.since, Why: t.why}
	}
	return history.WebhookState{Name: Active, Since: t.since}
}

// Failing reports whether the webhook is failing.
func (t *Tracker) Failing() bool { return t.failing }

// Disabled reports whether the webhook is disabled.
func (t *Tracker) Disabled() bool { return t.disabled }

// DisabledBy returns the entry that the webhook was disabled with, "" if it is not.
func (t *Tracker) DisabledBy() string { return t.entry }

// Failures returns how many there are in a row.
func (t *Tracker) Failures() int { return t.failures }

// LastStreak returns how many failures the last recovery ended, and since when
// there is, or was, nothing but failures.
func (t *Tracker) LastStreak() (failures int, since time.Time) { return t.ended, t.first }

// Last returns when an attempt last succeeded, and the error of the last failure.
func (t *Tracker) Last() (success time.Time, failure string) { return t.lastSuccess, t.lastError }

// LastErrorAt returns when the last failure was; zero: that is not known.
func (t *Tracker) LastErrorAt() time.Time { return t.lastErrorAt }

// ProbeAt returns when a failing webhook is probed next; zero: now.
func (t *Tracker) ProbeAt() time.Time { return t.probeAt }

// MayClaim reports whether one of so many goroutines may claim a delivery, and
// whether that is a probe.
func (t *Tracker) MayClaim(now time.Time, running int) (probe, ok bool) {
	switch {
	case t.disabled:
		return false, false
	case t.failing:
		return true, !t.probing && !t.probeAt.After(now)
	}
	return false, t.ramp == 0 || running <= int(t.ramp)
}

// StartProbe records that a probe is in flight.
func (t *Tracker) StartProbe() { t.probing, t.probeSoon = true, false }

// EndProbe records that it is not any more, or that there was nothing to send.
func (t *Tracker) EndProbe() { t.probing = false }

// ProbeNow makes the next probe due now, or at the end of the one in flight, and
// begins the waits anew.
func (t *Tracker) ProbeNow() { t.probeSoon, t.probeAt, t.probeWait = true, time.Time{}, 0 }

// StartSlowly allows one request in flight. Each success then doubles that.
func (t *Tracker) StartSlowly() { t.ramp = 1 }

// Succeeded records a delivery, and reports whether the webhook has recovered.
func (t *Tracker) Succeeded(now time.Time, concurrency int) (recovered bool) {
	failures := t.failures
	t.failures, t.lastSuccess = 0, now
	if t.failing {
		t.failing, t.since, t.why, t.ended, t.ramp = false, now, "", failures, 1
		return true
	}
	if t.ramp *= 2; int(t.ramp) >= concurrency {
		t.ramp = 0
	}
	return false
}

// Failed records a failure, and reports whether the state has changed.
func (t *Tracker) Failed(now time.Time, f Failure, r Rules) (changed bool) {
	if t.failures++; t.failures == 1 {
		t.first = now
	}
	t.lastError, t.lastErrorAt = f.Why, now
	if changed = !t.failing && t.failures >= failuresInARow; changed {
		t.failing, t.since, t.why, t.ramp = true, now, f.Why, 0
		t.ProbeNow()
	}
	if changed || f.Probe && t.failing && !t.probeSoon {
		t.probeAt = now.Add(r.Jitter(t.nextProbe(r.Retry)))
	}
	if why, ok := t.shouldDisable(now, f, r.DisableAfter); ok {
		t.Disable(now, why, r.Entry)
		changed = true
	}
	return changed
}

// Unprocessable records why an event could not be sent. That says nothing of the
// receiver.
func (t *Tracker) Unprocessable(now time.Time, why string) { t.lastError, t.lastErrorAt = why, now }

// nextProbe returns how long to wait for the next probe.
func (t *Tracker) nextProbe(retry []time.Duration) time.Duration {
	switch {
	case t.probeWait > 0:
		t.probeWait = min(2*t.probeWait, maxProbe)
	case len(retry) > 0:
		t.probeWait = min(max(retry[0], minFirstProbe), maxFirstProbe)
	default:
		t.probeWait = maxFirstProbe
	}
	return t.probeWait
}

// shouldDisable reports whether this failure disables the webhook, and why. The
// duration counts from the first failure of the streak, so idle time does not
// count.
func (t *Tracker) shouldDisable(now time.Time, f Failure, after time.Duration) (why string, ok bool) {
	failing := now.Sub(t.first)
	switch {
	case f.Outdated:
	case f.Gone:
		return f.Why, true
	case after > 0 && t.failures >= minFailures && failing >= after:
		return "nothing but failures for " + Span(failing) + ", the last: " + f.Why, true
	}
	return "", false
}

// Disable ends all sending. Waiting deliveries are kept.
func (t *Tracker) Disable(now time.Time, why, entry string) {
	t.disabled, t.since, t.why, t.entry = true, now, why, entry
	t.failing, t.ramp = false, 0
}

// Enable ends being disabled, and the streak of failures. It reports whether the
// webhook was disabled.
func (t *Tracker) Enable(now time.Time) (changed bool) {
	if !t.disabled {
		return false
	}
	t.disabled, t.since, t.why, t.entry, t.failures = false, now, "", "", 0
	return true
}

// Span writes a long time in whole days, or a shorter one in hours and less.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return strconv.Itoa(int(d/day)) + " days"
	}
	unit := time.Minute
	if d < 2*time.Minute {
		unit = time.Second
	}
	text := d.Round(unit).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}
