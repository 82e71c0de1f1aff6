package deliver

import (
	"cmp"
	"log/slog"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver/health"
	"sidehook/relay/send"
)

const (
	// throttleWait is the wait where neither the answer nor the schedule has one.
	throttleWait = 5 * time.Second
	// For freeThrottling, throttling uses up no step of a delivery's schedule (D9).
	// After that each throttled attempt uses up one, and waits at least as long as that
	// step. So the delivery ends some day, but not before it would by failures.
	freeThrottling = 24 * time.Hour
	// throttleQuiet is how long no answer may throttle for throttling to be over: a
	// receiver that limits its rate throttles every few seconds.
	throttleQuiet = time.Minute
)

// throttle is the wait that a receiver has asked for. Such a receiver is well, so throttling
// does not count toward failing or being disabled. It does not end a streak of failures
// either, because it may come from a proxy in front of a receiver that is down. A failing
// webhook stays failing, and is probed again when the wait is over.
type throttle struct {
	until time.Time // in the past, or zero, while requests may be sent
	why   string    // the last answer
	begun time.Time // zero: it is over, and was logged as over
	last  time.Time // when the last answer throttled
	waits bool      // deliveries may wait for the receiver to take requests again
	count int32
	took  time.Duration // until it was over
}

// restoreThrottle continues as long as the receiver asked to be left alone before
// a restart. If the entry was edited meanwhile, this rather sends late than early.
func (w *worker) restoreThrottle() {
	until := w.queue.Throttled()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !until.IsZero() {
		w.throttle.waits = true
	}
	if inFuture(until) {
		w.backOffLocked(until)
	}
}

// backOffLocked sends nothing until a time, and then begins with one request, as
// after a recovery.
func (w *worker) backOffLocked(until time.Time) {
	w.throttle.until = later(w.throttle.until, until)
	w.backoff = later(w.backoff, until)
	w.health.StartSlowly()
}

// clearBackoffLocked has requests sent again.
func (w *worker) clearBackoffLocked() { w.backoff, w.throttle.until = time.Time{}, time.Time{} }

// deferThrottled ends a lease whose attempt was throttled, and returns until when
// the receiver is left alone.
func (w *worker) deferThrottled(j *job, r *send.Result) (until time.Time) {
	a, l, retry := r.Attempt, &j.lease, j.hook.Settings.Retry
	now := time.Now()
	step := l.Attempt
	last := step > len(retry)
	scheduled := throttleWait
	if !last {
		scheduled = w.d.jitter(retry[step-1])
	}
	until = now.Add(min(max(cmp.Or(r.RetryAfter, scheduled), send.MinRetryAfter), send.MaxRetryAfter))
	a.Throttled, a.Status, a.NoStep = until, history.Retrying, true
	switch {
	case inFuture(l.Scheduled): // it was pulled forward, and waits as it did before
		l.Retry(a, later(until, l.Scheduled))
	case l.Throttled.IsZero() || now.Sub(l.Throttled) < freeThrottling:
		l.Retry(a, until)
	case last:
		a.NoStep = false
		a.Error += ": throttled for " + health.Span(now.Sub(l.Throttled))
		w.exhaust(l, a)
	default:
		a.NoStep = false
		l.Retry(a, later(until, now.Add(scheduled)))
	}
	return until
}

// met records an answer that throttles, and reports whether it is the first, or
// another one than before.
func (t *throttle) met(now time.Time, why string) (news bool) {
	news = t.begun.IsZero() || why != t.why
	if t.begun.IsZero() {
		t.begun, t.count = now, 0
	}
	t.last, t.why, t.waits = now, why, true
	t.count++
	return news
}

// over records an answer that does not throttle, and reports whether throttling
// is over.
func (t *throttle) over(now time.Time) bool {
	if t.begun.IsZero() || now.Sub(t.last) < throttleQuiet {
		return false
	}
	t.took, t.begun = now.Sub(t.begun), time.Time{}
	return true
}

// log logs that throttling has begun, or goes on otherwise, or is over.
func (t *throttle) log(log *slog.Logger, webhook string) {
	if t.begun.IsZero() {
		log.Info("webhook is not throttled any more", "webhook", webhook, "answers", t.count, "after", t.took.Round(time.Second))
		return
	}
	log.Warn("webhook is throttled: nothing is sent to it for as long as its receiver asks",
		"webhook", webhook, "answer", t.why, "until", t.until.Round(time.Second))
}

// reason returns why nothing is sent. After a restart only the time is known.
func (t *throttle) reason() string {
	until := t.until.UTC().Format(time.RFC3339)
	if t.why == "" {
		return "the receiver asked to be left alone until " + until
	}
	return "the receiver answered " + t.why + "; nothing is sent until " + until
}
