package deliver

import (
	"strconv"
	"strings"
	"time"

	"sidehook/relay/send"
)

// leastFailures is how many failures disable a webhook at the least, however
// long it has had no others.
const leastFailures = 10

// ends reports whether an attempt that has failed is one too many, and why. That
// one failure was in the last 24 hours is given: it is this one. The first was
// one of this row, so a webhook that had nothing to send for a week has not
// been failing for a week.
func (h *health) ends(now time.Time, s *Settings, r *send.Result) (why string, ends bool) {
	switch {
	case r.Verdict == send.Gone:
		return r.Attempt.Error, true
	case s.DisableAfter > 0 && h.failures >= leastFailures && now.Sub(h.first) >= s.DisableAfter:
		return "nothing but failures for " + span(now.Sub(h.first)) + ", the last: " + r.Attempt.Error, true
	}
	return "", false
}

// span is a long time in words: whole days, or what there is of one.
func span(d time.Duration) string {
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

// disable ends all sending. What waits stays.
func (h *health) disable(now time.Time, why, entry string) {
	h.disabled, h.since, h.why, h.entry = true, now, why, entry
	h.failing, h.ramp = false, 0
}

// enable ends being disabled, and the row of failures with it, for a reason. It
// reports whether there was anything to end.
func (h *health) enable(now time.Time, why string) bool {
	if !h.disabled {
		return false
	}
	h.disabled, h.since, h.why, h.entry = false, now, "", ""
	h.failures, h.cause = 0, cause{why: why}
	return true
}

// Enable takes up what waits for a webhook that was disabled, where it stood.
// It is false if there is no such webhook in force.
func (d *Deliverer) Enable(webhook string) bool {
	w := d.worker(webhook)
	if w == nil {
		return false
	}
	w.mu.Lock()
	known := w.hook.Settings != nil
	changed := known && w.health.enable(time.Now(), "an operator asked for it")
	w.mu.Unlock()
	if changed {
		w.tell()
		w.wakeIfDue()
	}
	return known
}
