package deliver

import (
	"context"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/deliver/health"
	"sidehook/relay/deliver/pace"
	"sidehook/relay/send"
)

// worker makes the deliveries of one webhook. It has goroutines only while there
// is something to deliver: each claims a delivery, attempts it, and so on until
// nothing is due. A claim that succeeds starts the next goroutine if more is due,
// so that there are as many as are useful.
//
//	W1  No lock is held while a request is in flight, a file is read, or a lease
//	    ends, which may wake a worker.
//	W2  running counts the goroutines, so no more requests are in flight, except
//	    for tests, which have goroutines of their own.
//	W3  No waiting delivery is forgotten: whenever the last goroutine ends, or none
//	    may start, a timer is set if anything is still to come.
//	W4  A wake is never lost: it starts a goroutine, or makes those that are about
//	    to end try once more.
//	W5  The channel released closes once the worker was dropped, and no goroutine
//	    uses its queue.
type worker struct {
	d     *Deliverer
	name  string
	queue Queue
	timer timer // belongs to the timers

	recording sync.Mutex // is held while a change of state is recorded

	mu         sync.Mutex
	hook       Webhook // without Settings, if its entry is gone
	since      time.Time
	client     *send.Client       // of hook; made when needed
	configured history.Generation // the generation that the queue knows
	running    int
	detached   int32 // how many others use the queue: tests, and calls of an operator
	woken      bool  // since the last claim began
	dropped    bool
	released   chan struct{} // made by Drop
	inFlight   int           // of running, those between a claim and its outcome

	backoff  time.Time // nothing is claimed before: a fault of this machine, or the receiver's wish
	throttle throttle
	pacer    *pace.Pacer
	paced    time.Time // nothing is claimed before, for the rate
	waiting  int       // deliveries that wait for another attempt, when last counted
	full     time.Time // since when so many wait that no new ones are begun; zero: new ones are begun
	health   health.Tracker
	recorded recorded       // the state that the history has
	cause    cause          // of the last change of state
	failsBy  string         // the last failure; a failing webhook logs when it changes
	lastHour *lastHourStats // made by the first attempt
	progress progress
}

// retryClaim is how long a worker waits after it could not claim a delivery that is due.
const retryClaim = time.Second

// job is a delivery that a goroutine has claimed.
type job struct {
	lease       Lease
	hook        Webhook
	client      *send.Client
	probe       bool
	reservation pace.Reservation
}

// wake is called when something may have become claimable.
func (w *worker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	if w.waiting > 0 { // some may have ended without a claim
		w.countWaitingLocked()
	}
	if !w.startAnotherLocked() && (w.running == 0 || w.health.Failing()) {
		w.armTimerLocked()
	}
}

// startAnotherLocked starts a goroutine if one more may claim.
func (w *worker) startAnotherLocked() bool {
	start := w.d.start.Load()
	if start == nil {
		return false
	}
	if _, ok := w.canClaimLocked(w.running + 1); !ok {
		return false
	}
	w.running++
	(*start)(w)
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

// canClaimLocked reports whether one of so many goroutines may claim, and in which mode.
func (w *worker) canClaimLocked(running int) (queue.ClaimMode, bool) {
	if w.stoppedLocked() || inFuture(w.paced) || running > w.hook.Settings.Concurrency {
		return 0, false
	}
	probe, ok := w.health.MayClaim(time.Now(), running)
	if !ok {
		return 0, false
	}
	if w.fullLocked(running) {
		return queue.RetriesOnly, true
	}
	if probe {
		return queue.Oldest, true
	}
	return queue.Retries, true
}

// stoppedLocked reports whether nothing is sent at present.
func (w *worker) stoppedLocked() bool {
	return w.dropped || w.hook.Settings.idle() || w.health.Disabled() || w.d.start.Load() == nil || inFuture(w.backoff)
}

// inFuture reports whether a time is still to come; zero is not.
func inFuture(at time.Time) bool { return !at.IsZero() && time.Until(at) > 0 }

// countWaitingLocked counts the deliveries that wait.
func (w *worker) countWaitingLocked() {
	if !w.dropped {
		w.setWaitingLocked(w.queue.Waiting())
	}
}

func (w *worker) setWaitingLocked(n int) {
	w.d.waiting.Add(int64(n - w.waiting))
	w.waiting = n
}

// next claims a delivery for a goroutine. If it reports false the goroutine must end.
func (w *worker) next() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		mode, ok := w.canClaimLocked(w.running)
		if !ok || !w.inPaceLocked() {
			break
		}
		w.woken = false
		probe := w.health.Failing()
		if probe { // one of an earlier time of failing may still be in flight
			w.health.StartProbe()
		}
		w.progress.claims++
		w.progress.claiming++
		w.mu.Unlock()
		lease, ok := w.queue.Claim(mode)
		w.mu.Lock()
		w.progress.claiming--
		if ok && w.stoppedLocked() { // since the claim began
			w.mu.Unlock()
			lease.Release(nil, time.Now())
			w.mu.Lock()
			ok = false
		}
		w.countWaitingLocked() // the claim may have moved some behind their key
		if ok {
			if w.running < w.hook.Settings.Concurrency {
				if due, any := w.queue.Due(); any && !inFuture(due) {
					w.startAnotherLocked()
				}
			}
			return w.jobLocked(lease, probe), true
		}
		w.paced = time.Time{} // it counted the request that is not made
		if probe {
			w.health.EndProbe()
		}
		if !w.woken {
			break
		}
	}
	w.running--
	w.armTimerLocked()
	w.releaseLocked()
	return job{}, false
}

// inPaceLocked reports whether one more request may leave now.
func (w *worker) inPaceLocked() bool {
	if w.pacer == nil {
		return true
	}
	w.paced = w.pacer.Next(time.Now(), w.progress.claiming)
	return w.paced.IsZero()
}

func (w *worker) setPacerLocked(r pace.Rate) { w.pacer, w.paced = pace.New(r), time.Time{} }

// jobLocked prepares an attempt.
func (w *worker) jobLocked(lease Lease, probe bool) job {
	w.inFlight++
	j := job{lease: lease, hook: w.hook, client: w.acquireLocked(), probe: probe}
	if w.pacer != nil {
		j.reservation = w.pacer.Take(time.Now())
	}
	return j
}

// acquireLocked returns the client of the settings in force. The attempt must release it at
// its end.
func (w *worker) acquireLocked() *send.Client {
	if w.client == nil {
		w.client = send.NewClient(&w.hook.Settings.Settings, w.d.options.Send)
	}
	if w.configured != w.hook.Generation {
		w.configured = w.hook.Generation
		w.queue.Configure(w.hook.Settings.Config(w.hook.Generation))
	}
	w.client.Acquire()
	return w.client
}

// armTimerLocked sets the timer for when there is something to do again (W3).
func (w *worker) armTimerLocked() {
	if w.dropped {
		return
	}
	var at time.Time
	due, ok := w.queue.Due()
	if ok && !w.hook.Settings.idle() && !w.health.Disabled() {
		at = due
		if w.health.Failing() {
			at = later(at, w.health.ProbeAt())
		}
		at = later(later(at, w.backoff), w.paced)
		// If nothing holds it up, this is due and still could not be claimed: too
		// many wait, or the file is being read or cannot be.
		if w.paced.IsZero() && !inFuture(at) {
			at = time.Now().Add(retryClaim)
		}
	}
	w.d.timers.set(w, at)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
