package deliver

import (
	"context"
	"math"
	"time"

	"sidehook/history"
)

// localWait is how long a fault of this machine holds a webhook up.
const localWait = time.Second

// deliver attempts a delivery and settles it.
func (w *worker) deliver(ctx context.Context, j *job) {
	o := w.attempt(ctx, j)
	for _, a := range o.broken {
		j.lease.Note(a)
	}
	w.settle(j, &o)
	w.learn(j, &o)
}

// attempt makes the attempt of a job.
func (w *worker) attempt(ctx context.Context, j *job) outcome {
	o := j.client.attempt(ctx, &j.lease, &j.hook)
	j.client.leave()
	if j.turn.pace != nil {
		w.mu.Lock()
		j.turn.arrive()
		w.paced = time.Time{} // the next one may be due sooner than was thought
		w.mu.Unlock()
	}
	if o.panic != "" {
		w.d.options.Log.Error("a delivery failed by a fault in sidehook", "webhook", w.name, "seq", j.lease.Seq, "panic", o.panic)
	}
	return o
}

// settle ends the lease.
func (w *worker) settle(j *job, o *outcome) {
	a, l := o.record, &j.lease
	switch retry := j.hook.Settings.Retry; o.verdict {
	case delivered:
		a.Status = history.Delivered
		l.Done(a)
	case refused, gone, unfit:
		a.Unsent = o.verdict == unfit
		a.Status = history.Failed
		l.Done(a)
	case local:
		l.release(a, time.Now().Add(localWait))
	case cut:
		l.release(a, time.Now())
	case throttled:
		w.putOff(j, o)
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
