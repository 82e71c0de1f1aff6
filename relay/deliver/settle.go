package deliver

import (
	"context"
	"math"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

// faultBackoff is how long a fault of this machine holds a webhook up.
const faultBackoff = time.Second

// deliver attempts a delivery, settles its lease, and applies the outcome to the state of
// the webhook.
func (w *worker) deliver(ctx context.Context, j *job) {
	r := w.attempt(ctx, j)
	for _, a := range r.QuickTries {
		j.lease.Note(a)
	}
	throttledUntil := w.settle(j, &r)
	w.applyOutcome(j, &r, throttledUntil)
}

// attempt makes the attempt of a job.
func (w *worker) attempt(ctx context.Context, j *job) send.Result {
	r := j.client.Send(ctx, &j.lease.Delivery, send.Record{Generation: j.hook.Generation, KeepBody: j.hook.KeepBody})
	j.client.Release()
	if j.reservation.Limited() {
		w.mu.Lock()
		j.reservation.Arrived(time.Now())
		w.paced = time.Time{} // the next one may be due sooner than was thought
		w.mu.Unlock()
	}
	if r.Panic != "" {
		w.d.options.Log.Error("an attempt panicked; this is a bug in sidehook", "webhook", w.name, "seq", j.lease.Seq, "panic", r.Panic)
	}
	return r
}

// settle ends the lease. If the attempt was throttled, it returns until when the
// receiver is left alone.
func (w *worker) settle(j *job, r *send.Result) (throttledUntil time.Time) {
	a, l := r.Attempt, &j.lease
	switch r.Verdict {
	case send.Delivered:
		a.Status = history.Delivered
		l.Done(a)
	case send.Refused, send.Gone, send.Unprocessable:
		a.Status = history.Failed
		l.Done(a)
	case send.LocalFault:
		l.release(a, time.Now().Add(faultBackoff))
	case send.Interrupted:
		l.release(a, time.Now())
	case send.Throttled:
		return w.deferThrottled(j, r)
	default:
		w.retry(j, a)
	}
	return time.Time{}
}

// retry schedules the next attempt, or gives the delivery up after the last.
func (w *worker) retry(j *job, a history.Attempt) {
	l, retry := &j.lease, j.hook.Settings.Retry
	a.Status = history.Retrying
	switch step := l.Attempt; {
	case inFuture(l.Scheduled):
		// A recovery that did not last pulled it forward. It waits as it did before,
		// so that a receiver that comes and goes does not use up the schedule (D9).
		a.NoStep = true
		l.Retry(a, l.Scheduled)
	case step > len(retry):
		w.exhaust(l, a)
	default:
		l.Retry(a, time.Now().Add(w.d.jitter(retry[step-1])))
	}
}

// exhaust gives a delivery up after the last step of its schedule.
func (w *worker) exhaust(l *Lease, a history.Attempt) {
	a.Status = history.Exhausted
	l.Done(a)
	w.notify(Exhausted, cause{event: a.Event, typ: a.Type, why: a.Error})
}

// release gives a lease back with the attempt that does not count. Only here must
// the attempt outlive the call.
func (l *Lease) release(a history.Attempt, at time.Time) {
	a.Status = history.Retrying
	l.Release(&a, at)
}

// jitter returns a wait that is up to a tenth longer or shorter.
func (d *Deliverer) jitter(wait time.Duration) time.Duration {
	return time.Duration(math.Round(float64(wait) * (0.9 + 0.2*d.options.Random())))
}
