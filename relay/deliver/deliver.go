// Package deliver sends what the history holds for webhooks: it claims a
// delivery, brings the event into the receiver's format, signs it, posts it,
// judges the answer, and gives the delivery back to its queue or ends it.
//
// What it promises:
//
//	D1  At most `concurrency` requests of a webhook are under way at once, but
//	    for the tests that an operator asks for.
//	    Webhooks share nothing but the process: a receiver that hangs with all
//	    of its requests costs the others nothing.
//	D2  A webhook without anything due has no goroutine a second later, and one
//	    that never had anything to send has no connections, no TLS and no
//	    client. All waits are the queues' own, behind one timer.
//	D3  Every request that leaves is recorded, quick tries included.
//	D4  No secret leaves by a record or a log line: not in a header, a URL or
//	    an error, nor in an answer that repeats it.
//	D5  Settings that change disturb nobody else. Requests under way end as
//	    they began, and after the last of them no connection is left.
//	D6  After ctx of Run is done nothing is claimed any more, and when Run
//	    returns every lease has been ended, and every test recorded.
//	D7  Of a delivery whose event cannot be judged or formed, by the condition or
//	    the transform of its webhook, nothing is sent: it ends as failed, with
//	    the key and the reason, and says nothing of the receiver.
//	D8  A receiver that asks to be left alone gets no request of its webhook
//	    before the time it asked for is over, also behind a restart, unless a
//	    person or an edit of the entry says otherwise.
//	D9  The steps of a schedule are used up by failures that came in their time
//	    alone: not by throttling for less than a day, and not by attempts that
//	    the end of an outage brought forward.
//	D10 No window of a rate's time has more requests than it says, as they
//	    arrive, also over a restart.
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
	// Grace is how long a stop waits for requests under way; 0: 20 s.
	Grace time.Duration
	// While so many deliveries of a webhook, or of all, wait with a time of
	// their own, no new ones are begun; 0: 50,000 and 1,000,000.
	MaxWaits, MaxAllWaits int
	// Random gives numbers from 0 to 1, for the waits; nil: math/rand.
	Random func() float64
	// Happened is told of what happens to webhooks and their deliveries. It must
	// be cheap, must not block, and is called by many at once. Nil: nobody is.
	Happened func(Happening)
	Log      *slog.Logger // nil: slog's default
}

// Deliverer makes the deliveries of all webhooks.
type Deliverer struct {
	options Options
	open    func(webhook string) Queue
	alarms  *alarms
	fault   fault
	waits   atomic.Int64 // begun deliveries of all webhooks that wait
	// start starts a goroutine; nil before Run, and once it stops. It is called
	// under the lock of the worker that it is for.
	start atomic.Pointer[func(func(context.Context))]

	mu      sync.Mutex
	workers map[string]*worker
}

// New returns a Deliverer of what is in the queues that open opens. It sends
// nothing before Run.
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
	if o.Happened == nil {
		o.Happened = func(Happening) {}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Deliverer{
		options: o,
		open:    open,
		alarms:  newAlarms(),
		workers: map[string]*worker{},
	}
}

// Run delivers until ctx is done. Then requests under way have the grace of
// Options to end; the longer ones are cut, recorded, and given back to be made
// again by the next process. It returns when nothing of it runs any more.
func (d *Deliverer) Run(ctx context.Context) error {
	sending, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	goroutines := newCrew()
	start := func(run func(context.Context)) { goroutines.start(ctx.Done(), func() { run(sending) }) }
	d.start.Store(&start)
	d.each(func(w *worker) {
		w.resume() // only now is known which queues they have taken over
		w.wakeIfDue()
	})

	d.alarms.run(ctx)

	d.start.Store(nil)
	// Who still saw it did so under the worker's lock.
	d.each(func(w *worker) { w.mu.Lock(); defer w.mu.Unlock() })
	stop := time.AfterFunc(d.options.Grace, func() { cut(&stopError{d.options.Grace}) })
	defer stop.Stop()
	goroutines.all.Wait()
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
