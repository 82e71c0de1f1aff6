package deliver

import (
	"context"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/send"
)

// worker makes the deliveries of one webhook. It has goroutines only while
// there is something to deliver: each claims a delivery, attempts it, and so on
// until nothing is due. A claim that succeeds starts the next goroutine if more
// is due, so that there are as many as are of use.
//
//	W1  No lock is held while a request is under way, a file is read, or a lease
//	    ends, which may wake a worker.
//	W2  running counts the goroutines, and no more requests are under way but
//	    for tests, which have goroutines of their own.
//	W3  What waits is never forgotten: whenever the last goroutine ends, or
//	    none may start, an alarm is set for as long as anything is to come.
//	W4  A wake is never lost: it starts a goroutine, or makes those that are
//	    about to end look once more.
type worker struct {
	d     *Deliverer
	name  string
	queue Queue
	alarm alarm // belongs to the alarms

	telling sync.Mutex // is held while a change of state is recorded

	mu       sync.Mutex
	hook     Webhook // without Settings, if its entry is gone
	since    time.Time
	client   *send.Client       // of hook; made when needed
	recorded history.Generation // the generation that the queue was told of
	running  int
	underWay int       // of them, those that have claimed and not learnt yet what came of it
	woken    bool      // since the last claim began
	hold     time.Time // nothing is claimed before, for a fault of this machine or the receiver's wish
	throttle throttle
	pace     *pace
	paced    time.Time // nothing is claimed before, for the pace
	waits    int       // begun deliveries that wait, when counted last
	health   health
	watch    watch
}

// lookAgain is when a worker tries again that could not claim what is due.
const lookAgain = time.Second

// job is a delivery that a goroutine has claimed.
type job struct {
	lease  Lease
	hook   Webhook
	client *send.Client
	probe  bool
	turn   turn // of a pace, if there is one
}

// wake is called when something may have become claimable.
func (w *worker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	if w.waits > 0 { // some may have ended without a claim
		w.count()
	}
	if !w.spread() && (w.running == 0 || w.health.failing) {
		w.rest()
	}
}

// spread starts a goroutine if one more may claim.
func (w *worker) spread() bool {
	start := w.d.start.Load()
	if start == nil {
		return false
	}
	if _, ok := w.may(w.running + 1); !ok {
		return false
	}
	w.running++
	(*start)(w.run)
	return true
}

// run is one of the worker's goroutines.
func (w *worker) run(ctx context.Context) {
	for {
		j, ok := w.next()
		if !ok {
			return
		}
		w.deliver(ctx, &j)
	}
}

// may reports whether one of so many goroutines may claim, and what.
func (w *worker) may(running int) (queue.ClaimMode, bool) {
	if w.hook.Settings.idle() || w.health.disabled || w.d.start.Load() == nil || ahead(w.hold) || ahead(w.paced) {
		return 0, false
	}
	if running > w.hook.Settings.Concurrency {
		return 0, false
	}
	pick := queue.Retries
	if w.health.failing {
		if w.health.probing || ahead(w.health.probeAt) {
			return 0, false
		}
		pick = queue.Oldest
	} else if w.health.ramp > 0 && running > w.health.ramp {
		return 0, false
	}
	if w.full(running) {
		pick = queue.RetriesOnly
	}
	return pick, true
}

// ahead reports whether a time is still to come; zero is not.
func ahead(at time.Time) bool { return !at.IsZero() && time.Until(at) > 0 }

// full reports whether so many deliveries wait, or may once these goroutines are
// done, that no new one is begun.
func (w *worker) full(running int) bool {
	o := &w.d.options
	if w.waits+running <= o.MaxWaits && w.d.waits.Load() < int64(o.MaxAllWaits) {
		return false
	}
	w.count()
	return w.waits+running > o.MaxWaits || w.d.waits.Load() >= int64(o.MaxAllWaits)
}

// count brings up to date how many deliveries wait.
func (w *worker) count() {
	n := w.queue.Waiting()
	w.d.waits.Add(int64(n - w.waits))
	w.waits = n
}

// next claims a delivery for one of the goroutines, which ends if there is none.
func (w *worker) next() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		pick, ok := w.may(w.running)
		if !ok {
			break
		}
		if w.paced = w.pace.next(w.watch.claiming); !w.paced.IsZero() {
			break
		}
		w.woken = false
		probe := w.health.failing
		if probe { // one of an earlier time of failing may still be under way
			w.health.probing, w.health.asked = true, false
		}
		w.watch.claims++
		w.watch.claiming++
		w.mu.Unlock()
		lease, ok := w.queue.Claim(pick)
		w.mu.Lock()
		w.watch.claiming--
		if ok && (w.hook.Settings.idle() || w.health.disabled || w.d.start.Load() == nil || ahead(w.hold)) {
			// Of a former name's that wakes this worker.
			w.mu.Unlock()
			lease.Release(nil, time.Now())
			w.mu.Lock()
			ok = false
		}
		w.count() // what was met may have gone behind a key
		if ok {
			if w.running < w.hook.Settings.Concurrency {
				if due, any := w.queue.Due(); any && !ahead(due) {
					w.spread()
				}
			}
			return w.job(lease, probe, w.pace.take()), true
		}
		w.paced = time.Time{} // that was for a request that is not made
		if probe {
			w.health.probing = false
		}
		if !w.woken {
			break
		}
	}
	w.running--
	w.rest()
	return job{}, false
}

// job makes ready what an attempt needs.
func (w *worker) job(lease Lease, probe bool, turn turn) job {
	w.underWay++
	return job{lease: lease, hook: w.hook, client: w.use(), probe: probe, turn: turn}
}

// use is the client of what is in force, for an attempt that leaves it at its
// end.
func (w *worker) use() *send.Client {
	if w.client == nil {
		w.client = send.NewClient(&w.hook.Settings.Settings, w.d.options.Send)
	}
	if w.recorded != w.hook.Generation {
		w.recorded = w.hook.Generation
		w.queue.Configure(w.hook.Settings.Config(w.hook.Generation))
	}
	w.client.Acquire()
	return w.client
}

// rest sets the alarm for when there is something to do again (W3).
func (w *worker) rest() {
	var at time.Time
	due, ok := w.queue.Due()
	if ok && !w.hook.Settings.idle() && !w.health.disabled {
		at = due
		if w.health.failing {
			at = later(at, w.health.probeAt)
		}
		at = later(later(at, w.hold), w.paced)
		// Without a hold this is due, and could not be claimed all the same:
		// too many wait, or the file is being read or cannot be.
		if w.paced.IsZero() && !ahead(at) {
			at = time.Now().Add(lookAgain)
		}
	}
	w.d.alarms.set(w, at)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
