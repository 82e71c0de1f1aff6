package accept

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

const (
	// maxWaiting is how many requests may wait for the database.
	maxWaiting = 1024
	// batchBytes is the size at which a batch is full.
	batchBytes = 4 << 20
)

// commit returns after r is durable or refused.
func (a *Acceptor) commit(ctx context.Context, r *request) error {
	if len(r.records) == 0 {
		return nil
	}
	b, err := a.enqueue(r)
	if err != nil {
		return err
	}
	select {
	case <-b.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err() // it may be accepted all the same; then a repeat is a duplicate
	}
}

// enqueue puts a request into a batch.
func (a *Acceptor) enqueue(r *request) (*batch, error) {
	size := 0
	for i := range r.records {
		size += len(r.records[i].line)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed != nil:
		return nil, a.closed
	case a.away != nil:
		return nil, a.away
	case a.waiting >= maxWaiting:
		return nil, history.ErrBusy
	}
	a.waiting++
	if n := len(a.batches); n == 0 || a.batches[n-1].bytes > batchBytes {
		a.batches = append(a.batches, &batch{done: make(chan struct{}), began: time.Now()})
	}
	b := a.batches[len(a.batches)-1]
	b.requests = append(b.requests, r)
	b.bytes += size
	select {
	case a.kick <- struct{}{}:
	default:
	}
	return b, nil
}

// next takes the first batch, nil if there is none.
func (a *Acceptor) next() *batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.batches) == 0 {
		return nil
	}
	b := a.batches[0]
	a.batches = a.batches[1:]
	return b
}

// answer lets the requests of a batch go, which have their results.
func (a *Acceptor) answer(b *batch) {
	a.mu.Lock()
	a.waiting -= len(b.requests)
	a.mu.Unlock()
	close(b.done)
}

// refuseWaiting answers all that waits with an error.
func (a *Acceptor) refuseWaiting(err error) {
	for b := a.next(); b != nil; b = a.next() {
		for _, r := range b.requests {
			r.err = err
		}
		a.answer(b)
	}
}

// setFault remembers how the last call went. While the database is away all requests
// are refused.
func (a *Acceptor) setFault(err error) {
	a.mu.Lock()
	a.away, a.noRoom = nil, nil
	if errors.Is(err, history.ErrNoRoom) {
		a.noRoom = err
	} else {
		a.away = err
	}
	away := a.away
	a.mu.Unlock()
	if away != nil {
		a.refuseWaiting(away)
	}
}

func (a *Acceptor) isAway() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.away != nil
}

// commitBatch makes a batch durable and answers its requests.
func (x *run) commitBatch(b *batch) {
	defer x.answer(b)
	deadline := b.began.Add(x.deadline)
	x.call.batch = newBatch()
	for pending := b.requests; len(pending) > 0; {
		x.call.full = x.full()
		repeats, later := x.call.arrange(pending)
		began := time.Now()
		if len(x.call.sent) > 0 {
			o, ok := x.exec(deadline)
			if !ok {
				refuse(pending, fmt.Errorf("%w; the request may be accepted or not", x.unanswered()))
				return
			}
			if o.err != nil {
				if pending = x.failed(pending, o.err, deadline); len(pending) > 0 {
					time.Sleep(min(retryEvery, max(0, time.Until(deadline))))
				}
				continue
			}
			fresh := x.call.settle(&o.answer)
			x.call.batch = newBatch() // of what is left, which is in no call yet
			x.result(nil)
			if len(fresh) > 0 {
				x.wrote(len(x.call.lines))
			}
			x.accepted(fresh, history.Seq(o.last))
			if len(fresh) > 0 {
				x.committed(len(fresh), time.Since(began))
				x.waited(time.Since(b.began))
			}
		}
		for _, r := range pending {
			if len(r.records) > 1 && r.receipts != nil {
				fillOwn(r)
			}
		}
		for i := range repeats {
			if !repeats[i].resolve() {
				later = append(later, repeats[i].request)
			}
		}
		pending = later
	}
}

// newBatch returns a number that no other batch has, nor a record that was imported.
func newBatch() int64 { return 1 + rand.Int64N(math.MaxInt64) }

// failed gives requests their error unless their call must be made again, and returns
// the others.
func (x *run) failed(pending []*request, err error, deadline time.Time) (again []*request) {
	switch {
	case database.IsDiskFull(err):
		refuse(pending, x.noRoomLeft(err))
		return nil
	case database.IsData(err):
		// The database rejects the data of one of them; the others must not fail.
		if len(pending) > 1 {
			for _, r := range pending {
				x.alone(r, deadline)
			}
			return nil
		}
		refuse(pending, err)
		return nil
	case time.Until(deadline) <= retryEvery:
		refuse(pending, awayBecause(err))
		x.fail(awayBecause(err), err)
		return nil
	}
	x.trouble.away.Met(x.log, "the database does not accept events; trying again", database.Explained(err))
	if database.IsRefused(err) || database.IsUnsent(err) {
		return pending
	}
	// It may be committed. Then an event that is sent again is known by the batch, and a
	// resend would be made twice.
	for _, r := range pending {
		if r.records[0].refers() {
			r.err = fmt.Errorf("%w: the answer was lost; the request may be accepted or not", history.ErrAway)
		} else {
			again = append(again, r)
		}
	}
	return again
}

// alone commits one request of a batch.
func (x *run) alone(r *request, deadline time.Time) {
	b := &batch{requests: []*request{r}, began: deadline.Add(-x.deadline), done: make(chan struct{})}
	x.mu.Lock()
	x.waiting++ // commitBatch takes it back
	x.mu.Unlock()
	x.commitBatch(b)
}

// refuse gives requests without a result an error.
func refuse(list []*request, err error) {
	for _, r := range list {
		if r.err == nil && r.receipts == nil {
			r.err = err
		}
	}
}

// exec makes the call, and reports false if it has not ended by its deadline. The call
// then continues, because it must not be canceled.
func (x *run) exec(deadline time.Time) (outcome, bool) {
	done := make(chan outcome, 1)
	c := x.call
	x.calls.Go(func() {
		a, err := c.do(x.ctx)
		done <- outcome{a, err}
	})
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case o := <-done:
		return o, true
	case <-late.C:
	}
	x.stuck, x.call = done, caller{db: x.db} // its memory is in use
	return outcome{}, false
}
