package queue

import (
	"errors"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// ClaimMode is which delivery a claim prefers.
type ClaimMode int

const (
	// Retries prefers scheduled deliveries that are due, the longest due first, to new
	// events.
	Retries ClaimMode = iota
	// Oldest takes the delivery that has been due longest.
	Oldest
	// RetriesOnly starts no new delivery.
	RetriesOnly
)

// Claim hands out a delivery that is due, and reports false if none is. It holds no
// lock while it reads. While one claim reads, others find nothing due; wake is
// called when it has ended.
//
// It ends deliveries that have expired (E1), but at most a chunk of them. Then it reports
// false and wake is called, so that a stop does not wait for a backlog.
func (q *Queue) Claim(mode ClaimMode) (*Lease, bool) {
	if q.set.ledger.Full() {
		return nil, false // its outcome could not be kept
	}
	l, ok := q.claim(mode)
	q.set.budget.Asked(&q.share)
	return l, ok
}

func (q *Queue) claim(mode ClaimMode) (*Lease, bool) {
	for ended := 0; ; {
		q.mu.Lock()
		l, ok := q.takeLocked(mode)
		var read func()
		if !ok {
			read = q.pendingReadLocked(mode)
		}
		ordered := q.order.By != ""
		q.mu.Unlock()
		switch {
		case ok:
			if l.bytes() > 0 && !q.admit(l, mode) {
				return nil, false
			}
			if l.Body != nil || q.loadEvent(l) {
				if q.tooLate(l) {
					return nil, false
				}
				if l.charge.None() && !q.admit(l, mode) {
					return nil, false
				}
				if q.fillLease(l) {
					return l, true
				}
			}
			if ended++; ended == ChunkSize {
				q.wakeUp()
				return nil, false
			}
		case read != nil:
			q.set.reads <- struct{}{}
			read()
			<-q.set.reads
			if ordered {
				return nil, false // all that was read may be in key queues; wake was called to claim again
			}
		default:
			return nil, false
		}
	}
}

// takeLocked puts a delivery that is due in flight.
func (q *Queue) takeLocked(mode ClaimMode) (*Lease, bool) {
	switch {
	case q.blockedLocked() || q.order.needsOrdering:
		return nil, false
	case q.order.All:
		return q.takeFirstLocked(mode)
	}
	retry := len(q.scheduled) > 0 && q.scheduled[0].Due <= q.set.now()
	fresh := len(q.prefetch) > 0 && mode != RetriesOnly
	if mode == Oldest && retry && (fresh || len(q.prefetch) == 0 && q.unread > 0) {
		if !fresh {
			return nil, false // what is unread has to be read to be compared
		}
		retry = q.scheduled[0].Due <= q.whenAged(&q.prefetch[0], 0)
	}
	switch {
	case retry:
		return q.startAttemptLocked(q.scheduled.Remove(0)), true
	case fresh && q.order.By != "":
		return q.takeNewLocked(mode)
	case fresh:
		return q.startAttemptLocked(pending.Scheduled{Item: q.shiftLocked()}), true
	}
	return nil, false
}

// pendingReadLocked returns the function that reads what a claim needs before it can take
// anything, nil if it needs nothing. Only the claim that gets the function reads.
func (q *Queue) pendingReadLocked(mode ClaimMode) (read func()) {
	switch {
	case q.reading || q.blockedLocked() || q.set.now() < q.pause:
	case q.order.needsOrdering:
		read = q.prepareOrderLocked()
	case mode == RetriesOnly && (!q.order.All || len(q.scheduled) == 0):
	case len(q.prefetch) > 0 && q.order.By != "":
		read = q.assignKey
	case len(q.prefetch) == 0 && q.unread > 0:
		read = q.read
	}
	q.reading = q.reading || read != nil
	return read
}

// startAttemptLocked puts a delivery in flight.
func (q *Queue) startAttemptLocked(s pending.Scheduled) *Lease {
	l := &Lease{
		Seq: s.Number, Attempt: s.Count + 1, Resend: s.IsResend, Scheduled: q.set.at(s.OriginalDue),
		Item: s.Item, tries: s.Attempts, key: s.Key, queue: q, due: s.Due,
	}
	if s.Throttled {
		l.Throttled = q.set.at(s.Since)
	}
	q.inFlight[l.Number] = l
	return l
}

// bytes returns the size of the event of a lease. It returns 0 if the size is known only
// after reading: for a resend, and for a delivery that was pending at a start.
func (l *Lease) bytes() int64 {
	switch {
	case l.Body != nil:
		return int64(len(l.Body.JSON))
	case l.Length > 0:
		return int64(l.Length)
	case l.Of == 0:
		return l.Size()
	}
	return 0
}

// admit takes room in the budget for the event of a lease. If there is no room, it gives
// the delivery back unchanged.
func (q *Queue) admit(l *Lease, mode ClaimMode) (ok bool) {
	b, bytes := q.set.budget, l.bytes()
	if l.charge, ok = b.TakeSmall(bytes); ok {
		return true
	}
	if l.charge, ok = b.TakeLarge(&q.share, bytes, mode == Oldest || q.streak.InDoubt()); ok {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.inFlight, l.Number)
	if q.closed {
		return false
	}
	due := l.due
	if due == 0 {
		due = q.whenAged(&l.Item, 0)
	}
	q.trackExpiryLocked(&l.Item)
	q.scheduled.Push(pending.Scheduled{Item: l.Item, Due: due, Attempts: l.tries, Key: l.key})
	return false
}

// tooLate gives a lease back if the ledger came to take no more while its event was
// read, which may take long.
func (q *Queue) tooLate(l *Lease) bool {
	if !l.read || !q.set.ledger.Full() {
		return false
	}
	q.mu.Lock()
	l.Body = l.Body.WithoutEvent()
	q.mu.Unlock()
	l.Release(nil, time.Now())
	return true
}

// loadEvent reads the event of a lease. If it reports false the lease has ended: with
// the delivery, if its record is damaged; else the delivery is tried again later.
func (q *Queue) loadEvent(l *Lease) bool {
	it := l.Item
	q.set.reads <- struct{}{}
	err := q.set.book.Load(&it)
	<-q.set.reads
	l.read = true
	// A checkpoint that is taken meanwhile looks at what is in flight.
	q.mu.Lock()
	l.Item = it
	q.mu.Unlock()
	switch {
	case err == nil:
		q.canRead()
		return true
	case errors.Is(err, history.ErrDamaged):
		q.set.log.Error("cannot deliver a damaged event", "webhook", q.name, "seq", l.Number, "error", err)
		l.Done(history.Attempt{Generation: q.generation(), Status: history.Failed, Unsent: true, Error: "its record in the history is damaged"})
		return false
	}
	q.cannotRead(err, "seq", l.Number)
	l.Release(nil, time.Now().Add(readAgain))
	return false
}

// fillLease gives a lease its event. If it reports false the delivery has expired, and
// the lease has ended with it.
func (q *Queue) fillLease(l *Lease) bool {
	l.Resend = l.IsResend // a start may not have known
	l.Event = &l.Body.Event
	l.ConditionError = l.Body.ConditionError(q.name)
	l.Accepted = time.Unix(0, l.AcceptedAt)
	q.mu.Lock()
	why := q.expiryReason(&l.Item, q.expiry.age)
	if why == "" { // the event belongs to the caller now, who may let go of it
		l.Body = l.Body.WithoutEvent()
	}
	q.mu.Unlock()
	if why != "" {
		l.Attempt-- // none was made
		l.Done(q.expired(&l.Item, why))
	}
	return why == ""
}
