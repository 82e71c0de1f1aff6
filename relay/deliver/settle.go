package deliver

import (
	"context"
	"math"
	"time"

	"sidehook/history"
	"sidehook/relay/send"
)

// localWait is how long a fault of this machine holds a webhook up.
const localWait = time.Second

// deliver attempts a delivery and settles it.
func (w *worker) deliver(ctx context.Context, j *job) {
	r := w.attempt(ctx, j)
	for _, a := range r.QuickTries {
		j.lease.Note(a)
	}
	until := w.settle(j, &r)
	w.learn(j, &r, until)
}

// attempt makes the attempt of a job.
func (w *worker) attempt(ctx context.Context, j *job) send.Result {
	r := j.client.Send(ctx, &j.lease.Delivery, send.Record{Generation: j.hook.Generation, KeepBody: j.hook.KeepBody})
	j.client.Release()
	if j.turn.pace != nil {
		w.mu.Lock()
		j.turn.arrive()
		w.paced = time.Time{} // the next one may be due sooner than was thought
		w.mu.Unlock()
	}
	if r.Panic != "" {
		w.d.options.Log.Error("a delivery failed by a fault in sidehook", "webhook", w.name, "seq", j.lease.Seq, "panic", r.Panic)
	}
	return r
}

// settle ends the lease. If the attempt was throttled, it returns until when the
// receiver is left alone.
func (w *worker) settle(j *job, r *send.Result) (until time.Time) {
	a, l := r.Attempt, &j.lease
	switch retry := j.hook.Settings.Retry; r.Verdict {
	case send.Delivered:
		a.Status = history.Delivered
		l.Done(a)
	case send.Refused, send.Gone, send.Unprocessable:
		a.Status = history.Failed
		l.Done(a)
	case send.LocalFault:
		l.release(a, time.Now().Add(localWait))
	case send.Interrupted:
		l.release(a, time.Now())
	case send.Throttled:
		return w.putOff(j, r)
	default:
		a.Status = history.Retrying
		switch step := l.Attempt; {
		case ahead(l.Scheduled):
			// It was advanced by a recovery that did not last. So that a receiver
			// that comes and goes wears out no schedule, it waits as it did.
			a.NoStep = true
			l.Retry(a, l.Scheduled)
		case step > len(retry):
			a.Status = history.Exhausted
			l.Done(a)
			w.happened(Exhausted, cause{event: a.Event, typ: a.Type, why: a.Error})
		default:
			l.Retry(a, time.Now().Add(w.d.jitter(retry[step-1])))
		}
	}
	return time.Time{}
}

// release gives a lease back with what was tried. Only here has the attempt to
// outlive the call.
func (l *Lease) release(a history.Attempt, at time.Time) {
	a.Status = history.Retrying
	l.Release(&a, at)
}

// jitter is a wait that is up to a tenth longer or shorter.
func (d *Deliverer) jitter(wait time.Duration) time.Duration {
	return time.Duration(math.Round(float64(wait) * (0.9 + 0.2*d.options.Random())))
}
