package queue

import (
	"errors"
	"time"

	"sidehook/history"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
)

// Lease is one delivery, handed out to be attempted. It ends with exactly one
// of Done, Retry and Release.
type Lease struct {
	Seq      history.Seq
	Event    []byte   // the event as stored; shared, not to be changed
	Filled   []string // the attributes in it that sidehook filled in
	Accepted time.Time
	Attempt  int // the number of this attempt, from 1
	Resend   bool
	Unmet    string // why the condition failed that should have judged it, or ""

	// Throttled is since when the receiver answers no attempt at it but by asking
	// to be left alone; zero: it does not.
	Throttled time.Time
	// Scheduled is when the delivery would be due by its schedule, and in the future
	// only if it was pulled forward.
	Scheduled time.Time

	Item
	attemptState
	key   string // whose line it is the first of
	queue *Queue
	moved *moved // set once the delivery belongs to another name (Rename)
	test  bool   // it is of no queue (Tested)

	due    clock.Mono    // when it was; 0: it was not begun
	charge budget.Charge // what it has of the bytes that may be in flight
}

// Claim hands out a delivery that is due, and is false if none is. It holds no
// lock while it reads a file; a claim that finds another one reading is told
// that nothing is due, and woken when that has ended.
//
// What has expired is ended instead (X1), a chunk of it at most: whoever claims
// is then woken, so that a stop does not wait for a backlog.
func (q *Queue) Claim(pick ClaimMode) (*Lease, bool) {
	if q.set.ledger.Full() {
		return nil, false // what became of it could not be kept
	}
	l, ok := q.claim(pick)
	q.set.budget.Asked(&q.share)
	return l, ok
}

func (q *Queue) claim(pick ClaimMode) (*Lease, bool) {
	for ended := 0; ; {
		q.mu.Lock()
		l, ok := q.take(pick)
		var read func()
		if !ok {
			read = q.pendingRead(pick)
		}
		ordered := q.order.By != ""
		q.mu.Unlock()
		switch {
		case ok:
			if l.bytes() > 0 && !q.admit(l, pick) {
				return nil, false
			}
			if l.Body != nil || q.loadEvent(l) {
				if l.charge.None() && !q.admit(l, pick) {
					return nil, false
				}
				if q.fillLease(l) {
					return l, true
				}
			}
			if ended++; ended == ChunkSize {
				q.awaken()
				return nil, false
			}
		case read != nil:
			q.set.reads <- struct{}{}
			read()
			<-q.set.reads
			if ordered {
				return nil, false // what was read may all have gone into lines: see who woke whether more may
			}
		default:
			return nil, false
		}
	}
}

// pendingRead is what has to be read before anything can be taken, nil if nothing is
// to be. Only the claim that is told reads.
func (q *Queue) pendingRead(pick ClaimMode) (read func()) {
	switch {
	case q.reading || q.held() || q.set.now() < q.pause:
	case q.order.needsOrdering:
		read = q.toSort()
	case pick == RetriesOnly && (!q.order.All || len(q.scheduled) == 0):
	case len(q.prefetch) > 0 && q.order.By != "":
		read = q.begin
	case len(q.prefetch) == 0 && q.unread > 0:
		read = q.read
	}
	q.reading = q.reading || read != nil
	return read
}

// take moves the delivery to be attempted into flight.
func (q *Queue) take(pick ClaimMode) (*Lease, bool) {
	switch {
	case q.held() || q.order.needsOrdering:
		return nil, false
	case q.order.All:
		return q.takeFirst(pick)
	}
	now := q.set.now()
	begun := len(q.scheduled) > 0 && q.scheduled[0].due <= now
	fresh := len(q.prefetch) > 0 && pick != RetriesOnly
	if pick == Oldest && begun && (fresh || len(q.prefetch) == 0 && q.unread > 0) {
		if !fresh {
			return nil, false // what is unread has to be read to be compared
		}
		begun = q.scheduled[0].due <= q.dueIn(&q.prefetch[0], 0)
	}
	switch {
	case begun:
		return q.startAttempt(q.scheduled.remove(0)), true
	case fresh && q.order.By != "":
		return q.takeNew(pick)
	case fresh:
		return q.startAttempt(scheduled{Item: q.shift()}), true
	}
	return nil, false
}

// startAttempt puts a delivery into flight.
func (q *Queue) startAttempt(w scheduled) *Lease {
	l := &Lease{
		Seq: w.Number, Attempt: w.attempts + 1, Resend: w.IsResend, Scheduled: q.set.at(w.back),
		Item: w.Item, attemptState: w.attemptState, key: w.key, queue: q, due: w.due,
	}
	if w.throttled {
		l.Throttled = q.set.at(w.since)
	}
	q.inFlight[l.Number] = l
	return l
}

// bytes is how large the event of a lease is, 0 if that is not known before it
// is read: of a resend, and of what a start found waiting.
func (l *Lease) bytes() int64 {
	switch {
	case l.Body != nil:
		return int64(len(l.Body.JSON))
	case l.Length > 0:
		return int64(l.Length)
	case l.Of == 0:
		return l.size()
	}
	return 0
}

// admit takes room for the event of a lease. If there is none the delivery goes
// back as it was.
func (q *Queue) admit(l *Lease, pick ClaimMode) (ok bool) {
	b, bytes := q.set.budget, l.bytes()
	if l.charge, ok = b.TakeSmall(bytes); ok {
		return true
	}
	if l.charge, ok = b.TakeLarge(&q.share, bytes, pick == Oldest || q.streak.InDoubt()); ok {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		delete(q.inFlight, l.Number)
		return false
	}
	due := l.due
	if due == 0 {
		due = q.dueIn(&l.Item, 0)
	}
	delete(q.inFlight, l.Number)
	q.trackExpiry(&l.Item)
	q.scheduled.push(scheduled{Item: l.Item, due: due, attemptState: l.attemptState, key: l.key})
	return false
}

// loadEvent reads the event of a lease. If it is false the lease has ended: with the
// delivery, if its record is damaged; else it is tried again later.
func (q *Queue) loadEvent(l *Lease) bool {
	it := l.Item
	q.set.reads <- struct{}{}
	err := q.set.book.Load(&it)
	<-q.set.reads
	// Cursors that are taken meanwhile look at what is in flight.
	q.mu.Lock()
	l.Item = it
	q.mu.Unlock()
	switch {
	case err == nil:
		q.unreadable.Over(q.set.log, "waiting events can be read again", "webhook", q.name)
		return true
	case errors.Is(err, history.ErrDamaged):
		q.set.log.Error("cannot deliver a damaged event", "webhook", q.name, "seq", l.Number, "error", err)
		l.Done(history.Attempt{Generation: q.generation(), Status: history.Failed, Unsent: true, Error: "its record in the history is damaged"})
		return false
	}
	q.unreadable.Met(q.set.log, "cannot read waiting events", err, "webhook", q.name, "seq", l.Number)
	l.Release(nil, time.Now().Add(readAgain))
	return false
}

// fillLease gives a lease its event. If it is false the delivery has expired and the
// lease has ended with it.
func (q *Queue) fillLease(l *Lease) bool {
	l.Resend = l.IsResend // a start may not have known
	l.Event, l.Filled = l.Body.JSON, l.Body.Filled
	l.Unmet = l.Body.unmet(l.queue.name)
	l.Accepted = time.Unix(0, l.AcceptedAt)
	if why := q.lapsed(&l.Item); why != "" {
		l.Attempt-- // none was made
		l.Done(q.expire(&l.Item, why))
		return false
	}
	// From here on the event is the caller's, who may let go of it.
	q.mu.Lock()
	l.Body = l.Body.without()
	q.mu.Unlock()
	return true
}

// Done ends the delivery.
func (l *Lease) Done(a history.Attempt) {
	l.end(&a, false, time.Time{}, func() {
		l.queue.ended(&l.Item)
		l.makeWay()
	})
}

// makeWay lets what comes after the delivery go on. The queue is locked.
func (l *Lease) makeWay() {
	l.queue.releaseNextForKey(l.key)
	l.queue.emptied()
}

// Retry lets the delivery wait until at, as read from time.Now; the wait is on
// the monotonic clock.
func (l *Lease) Retry(a history.Attempt, at time.Time) {
	l.end(&a, false, at, func() { l.wait(at, l.after(&a)) })
}

// Release gives the delivery back, due at a time and as if this attempt had not
// been. What was tried is recorded if a is not nil.
func (l *Lease) Release(a *history.Attempt, at time.Time) {
	l.end(a, true, at, func() { l.wait(at, l.attemptState) })
}

// Note records a try that was repeated at once, within the lease.
func (l *Lease) Note(a history.Attempt) {
	q := l.queue
	fields := l.line(&a, true, time.Now())
	config := q.configOf(a.Generation)
	q.mu.Lock()
	l.record(fields, config, time.Now())
	q.mu.Unlock()
	q.set.recorded(history.Recorded{Attempt: a, Webhook: q.name, Seq: l.Seq, Again: true, Accepted: l.Accepted})
}

// wait puts the delivery back. The queue is locked.
func (l *Lease) wait(at time.Time, t attemptState) {
	l.queue.trackExpiry(&l.Item)
	l.queue.scheduled.push(scheduled{Item: l.Item, due: l.queue.set.mono(at), attemptState: t, key: l.key})
}

// after is what is known of the delivery once an attempt at it has ended.
func (l *Lease) after(a *history.Attempt) attemptState {
	now := l.queue.set.now()
	t := attemptState{attempts: l.Attempt, last: now}
	if a.NoStep {
		t.attempts--
	}
	if !a.Throttled.IsZero() {
		t.throttled, t.since, t.until = true, now, l.queue.set.mono(a.Throttled)
		if l.throttled {
			t.since = l.since
		}
	}
	return t
}

// end takes the delivery out of flight. That, and handing its line over, is one
// step under the queue's lock: cursors that were taken with it wait for the
// line to be synced, and so never say more than synced lines say (H4).
func (l *Lease) end(a *history.Attempt, again bool, next time.Time, change func()) {
	q := l.queue
	var fields []byte
	var config *history.Config
	if a != nil {
		fields = l.line(a, again, next)
		config = q.configOf(a.Generation)
	}
	q.mu.Lock()
	delete(q.inFlight, l.Number)
	m := l.moved
	if m != nil || q.closed {
		change = l.makeWay // it has ended in this queue
	}
	change()
	if a != nil {
		now := time.Now()
		q.streak.Learn(now, a.Status, a.Error, again || a.Unsent || !a.Throttled.IsZero())
		l.record(fields, config, now)
	}
	goesOn := false
	if m != nil {
		m.ended, goesOn = a != nil && a.Status != history.Retrying, m.to != nil
	}
	q.mu.Unlock()
	q.set.budget.Return(&q.share, l.charge)
	if a != nil {
		q.set.recorded(history.Recorded{Attempt: *a, Webhook: q.name, Seq: l.Seq, Again: again, Accepted: l.Accepted})
	}
	if goesOn {
		l.goOn()
	}
}

// line is the fields of the line of an attempt.
func (l *Lease) line(a *history.Attempt, again bool, next time.Time) []byte {
	return history.AppendAttempt(make([]byte, 0, 512), &history.AttemptRecord{
		Webhook: l.queue.name, Seq: l.Seq, Of: l.Of, Resend: l.Resend, Test: l.test,
		Number: l.Attempt, Again: again, Next: next, Throttled: l.Throttled,
	}, a)
}

// record hands a line to the writer. The queue that has the delivery is locked.
func (l *Lease) record(fields []byte, config *history.Config, at time.Time) {
	l.queue.set.ledger.Record(history.Line{Webhook: l.queue.name, Config: config, At: at, Fields: fields})
}

// Webhook is whose delivery it is.
func (l *Lease) Webhook() string { return l.queue.name }
