// Package deliver makes the deliveries that the queues of webhooks hold: it
// claims one, has package send make the attempt, and ends it, schedules its next
// attempt or gives it back to its queue.
//
// What it promises:
//
//	D1  At most `concurrency` requests of a webhook are in flight at once, except
//	    for tests that an operator asks for. Webhooks share nothing but the
//	    process: a receiver that hangs with all its requests costs the others
//	    nothing.
//	D2  A webhook with nothing due has no goroutine a second later, and one that
//	    never had anything to send has no connections, no TLS and no client. All
//	    waits are the queues' own, behind one timer.
//	D3  Every request that leaves is recorded, quick tries included.
//	D4  No secret is in a record or a log line (send's A3).
//	D5  A change of settings disturbs no other webhook. Requests in flight end as
//	    they began, and after the last of them no connection is left.
//	D6  After Run's ctx is done nothing is claimed, and when Run returns every
//	    lease has been ended and every test recorded.
//	D7  If the condition or the transform of a webhook fails on an event, nothing
//	    is sent: the delivery ends as failed, with the key and the reason, and
//	    does not count against the receiver.
//	D8  A receiver that asks to be left alone gets no request of its webhook
//	    before that time is over, also after a restart, unless an operator or an
//	    edit of the entry asks for it.
//	D9  Only failures in their time use up the steps of a schedule: not throttling
//	    for less than a day, and not attempts that the end of an outage pulled
//	    forward.
//	D10 No window of a rate's time has more requests than the rate says, as they
//	    arrive, also over a restart.
//	D11 After Drop nothing is claimed for the webhook, and once its channel is
//	    closed this process does not touch the queue again until Hold.
//
// Package relay runs one Deliverer and applies each configuration to it.
package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/relay/send"
)

// Options say how deliveries are made. The zero value works.
type Options struct {
	Send send.Options
	// HoldEach has each webhook wait for Hold before anything is claimed for it.
	// Otherwise Apply holds those that are new.
	HoldEach bool
	// Grace is how long a stop waits for requests in flight; 0: 20 s.
	Grace time.Duration
	// While so many deliveries of one webhook, or of all, wait for another
	// attempt, no new ones are begun; 0: 50,000 and 1,000,000.
	MaxWaits, MaxAllWaits int
	// Random returns numbers from 0 to 1, for jitter; nil: math/rand.
	Random func() float64
	// Notify is called with events of webhooks and their deliveries, by many goroutines
	// at once. It must be cheap and must not block. Nil: not called.
	Notify func(Notification)
	Log    *slog.Logger // nil: slog's default
}

// Deliverer makes the deliveries of all webhooks.
type Deliverer struct {
	options Options
	open    func(webhook string) Queue
	timers  *timers
	fault   fault
	waiting atomic.Int64 // deliveries of all webhooks that wait for another attempt
	// start starts a goroutine; nil before Run, and after it stops. It is called
	// under the lock of the worker that it is for.
	start atomic.Pointer[func(runner)]

	mu      sync.Mutex
	applied []Webhook          // the configuration in force
	workers map[string]*worker // of the webhooks that this process holds
	dropped map[string]*worker // of those that Drop has let go, until Hold
}

// New returns a Deliverer for the queues that open returns. It sends nothing
// before Run.
func New(open func(webhook string) Queue, o Options) *Deliverer {
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	if o.MaxWaits == 0 {
		o.MaxWaits = 50_000
	}
	if o.MaxAllWaits == 0 {
		o.MaxAllWaits = 1_000_000
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Notify == nil {
		o.Notify = func(Notification) {}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Deliverer{
		options: o,
		open:    open,
		timers:  newTimers(),
		workers: map[string]*worker{},
		dropped: map[string]*worker{},
	}
}

// Run delivers until ctx is done. Then requests in flight have the grace of
// Options to end. Longer ones are cut off, recorded, and given back for the next
// process to make again. Run returns when all its goroutines have ended.
func (d *Deliverer) Run(ctx context.Context) error {
	sending, cutOff := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cutOff(nil)
	var pool goroutinePool
	start := func(do runner) { pool.start(sending, do) }
	d.start.Store(&start)
	d.each(func(w *worker) {
		w.restoreThrottle() // a rename may have moved deliveries here since Apply
		w.wakeIfDue()
	})

	d.timers.run(ctx)

	d.start.Store(nil)
	// A worker that still saw start used it under its lock.
	d.each(func(w *worker) { w.mu.Lock(); defer w.mu.Unlock() })
	stop := time.AfterFunc(d.options.Grace, func() { cutOff(&stopError{d.options.Grace}) })
	defer stop.Stop()
	pool.close()
	d.each((*worker).close)
	return nil
}

func (d *Deliverer) each(do func(*worker)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		do(w)
	}
}

// worker returns the worker of a webhook, nil if this process does not hold it.
func (d *Deliverer) worker(name string) *worker {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.workers[name]
}

// stopError ends the attempts that outlast the grace of a stop.
type stopError struct{ grace time.Duration }

func (e *stopError) Error() string {
	return fmt.Sprintf("cut off: sidehook stopped, and there was no answer within another %v", e.grace)
}
