package deliver

import (
	"cmp"
	"log/slog"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

const (
	// throttleUsual is the wait where neither the answer nor the schedule has one.
	throttleUsual = 5 * time.Second
	// throttleFree is for how long it uses up nothing of a delivery's schedule to
	// be throttled. Behind that each time it moves on by a step, with the wait of
	// that step if it is the longer one, so that it ends one day, but no sooner
	// than among failures.
	throttleFree = 24 * time.Hour
	// throttleQuiet is how long no answer may have throttled for it to be over: a
	// receiver that limits its rate does so every few seconds.
	throttleQuiet = time.Minute
)

// throttle is what a receiver that throttles has asked for. Such a receiver is
// well, so that none of it counts toward failing or being disabled; nor does it
// end a row of failures, as it may come from what stands in front of a receiver
// that is down. A failing webhook stays so: its probe is as if it had not been,
// and is made again when the time that was asked for is over.
type throttle struct {
	until time.Time // that is over, or the webhook was told to go on
	why   string    // the last answer
	begun time.Time // zero: it is over, and was said to be
	last  time.Time // when such an answer came last
	waits bool      // deliveries may wait for the receiver to take requests again
	count int
	took  time.Duration // until it was over
}

// resume takes up what the history knows: how long the receiver asked to be left
// alone before a restart. It does not know of an edit that was made meanwhile,
// and rather sends late than early.
func (w *worker) resume() {
	until := w.queue.Throttled()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !until.IsZero() {
		w.throttle.waits = true
	}
	if ahead(until) {
		w.throttled(until)
	}
}

// throttled holds the webhook until a time, and has it begin with one request
// then, as it would on a recovery. The worker is locked.
func (w *worker) throttled(until time.Time) {
	w.throttle.until = later(w.throttle.until, until)
	w.hold = later(w.hold, until)
	w.health.ramp = 1
}

// unhold ends what holds the webhook. The worker is locked.
func (w *worker) unhold() { w.hold, w.throttle.until = time.Time{}, time.Time{} }

// putOff ends a lease whose attempt was throttled.
func (w *worker) putOff(j *job, r *send.Result) (until time.Time) {
	a, l, retry := r.Attempt, &j.lease, j.hook.Settings.Retry
	now := time.Now()
	step := l.Attempt
	last := step > len(retry)
	scheduled := throttleUsual
	if !last {
		scheduled = w.d.jitter(retry[step-1])
	}
	until = now.Add(min(max(cmp.Or(r.RetryAfter, scheduled), send.MinRetryAfter), send.MaxRetryAfter))
	a.Throttled, a.Status = until, history.Retrying
	a.NoStep = true
	switch {
	case ahead(l.Scheduled): // it was advanced, and waits as it did
		l.Retry(a, later(until, l.Scheduled))
	case l.Throttled.IsZero() || now.Sub(l.Throttled) < throttleFree:
		l.Retry(a, until)
	case last:
		a.NoStep, a.Status = false, history.Exhausted
		a.Error += ": throttled for " + span(now.Sub(l.Throttled))
		l.Done(a)
		w.happened(Exhausted, cause{event: a.Event, typ: a.Type, why: a.Error})
	default:
		a.NoStep = false
		l.Retry(a, later(until, now.Add(scheduled)))
	}
	return until
}

// met takes in an answer that throttles, and reports whether it is the first.
func (t *throttle) met(now time.Time, why string) (first bool) {
	if first = t.begun.IsZero(); first {
		t.begun, t.count = now, 0
	}
	t.last, t.why, t.waits = now, why, true
	t.count++
	return first
}

// over takes in an answer that does not throttle, and reports whether that ends it.
func (t *throttle) over(now time.Time) bool {
	if t.begun.IsZero() || now.Sub(t.last) < throttleQuiet {
		return false
	}
	t.took, t.begun = now.Sub(t.begun), time.Time{}
	return true
}

// tell says in the log that it has begun, or is over.
func (t *throttle) tell(log *slog.Logger, webhook string) {
	if t.begun.IsZero() {
		log.Info("webhook is not throttled any more", "webhook", webhook, "answers", t.count, "after", t.took.Round(time.Second))
		return
	}
	log.Warn("webhook is throttled: nothing is sent to it for as long as its receiver asks",
		"webhook", webhook, "answer", t.why, "until", t.until.Round(time.Second))
}

// reason says why nothing is sent, "" if it is not for this.
func (t *throttle) reason() string {
	if !ahead(t.until) {
		return ""
	}
	text := "throttled"
	if t.why != "" {
		text += " by " + t.why
	}
	return text + " until " + t.until.UTC().Format(time.RFC3339)
}
