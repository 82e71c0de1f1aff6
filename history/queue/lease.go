package queue

import (
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
)

// Lease is one delivery, handed out to be attempted. Exactly one of Done, Retry and
// Release must end it. Those record what they are given, and return without waiting
// for the storage.
type Lease struct {
	Seq            history.Seq
	Event          *event.Event // as Body has it; shared
	Accepted       time.Time
	Attempt        int // the number of this attempt, from 1
	Resend         bool
	ConditionError string // why the condition failed to judge the event, or ""

	// Throttled is since when the receiver has answered each attempt at it by asking
	// to wait; zero: it has not.
	Throttled time.Time
	// Scheduled is when the delivery would be due by its schedule. It is in the
	// future only if the delivery was pulled forward.
	Scheduled time.Time

	Item
	tries pending.Attempts // before this one
	key   string           // the delivery is the first of this key
	queue *Queue
	moved *moved // not nil once the delivery belongs to another name (Move)
	test  bool   // it is in no queue (RecordTest)
	read  bool   // its event was not in memory

	due    clock.Mono    // when the delivery was due; 0: it was not started before
	charge budget.Charge // its share of the bytes in flight
}

// Webhook returns the name of the webhook.
func (l *Lease) Webhook() string { return l.queue.name }

// Done ends the delivery.
func (l *Lease) Done(a history.Attempt) {
	l.end(&a, false, time.Time{}, func() {
		l.queue.uncountLocked(&l.Item)
		l.releaseNextLocked()
	})
}

// Retry schedules the delivery for a time, as read from time.Now; it waits on the
// monotonic clock.
func (l *Lease) Retry(a history.Attempt, at time.Time) {
	l.end(&a, false, at, func() { l.scheduleLocked(at, l.triesAfter(&a)) })
}

// Release gives the delivery back, due at a time and as if this attempt had not been
// made. The attempt is recorded if it is not nil.
func (l *Lease) Release(a *history.Attempt, at time.Time) {
	l.end(a, true, at, func() { l.scheduleLocked(at, l.tries) })
}

// Note records a try that was repeated at once, within the lease.
func (l *Lease) Note(a history.Attempt) {
	q := l.queue
	fields := l.line(&a, true, time.Now())
	q.mu.Lock()
	l.recordLocked(fields, a.Generation, time.Now())
	q.mu.Unlock()
	l.recorded(&a, true)
}

// end takes the delivery out of flight. That, and handing over its line, is one step
// under the queue's lock. A checkpoint that was taken with it waits until the line is
// durable, and so never says more than durable lines say (H4).
func (l *Lease) end(a *history.Attempt, again bool, next time.Time, change func()) {
	q := l.queue
	var fields []byte
	if a != nil {
		fields = l.line(a, again, next)
	}
	q.mu.Lock()
	delete(q.inFlight, l.Number)
	m := l.moved
	if m != nil || q.closed {
		change = l.releaseNextLocked // the delivery is no longer this queue's
	}
	change()
	if a != nil {
		now := time.Now()
		q.streak.Learn(now, a.Status, a.Error, again || a.Unsent || !a.Throttled.IsZero())
		l.recordLocked(fields, a.Generation, now)
	}
	goesOn := false
	if m != nil {
		m.ended, goesOn = a != nil && a.Status != history.Retrying, m.to != nil
	}
	q.mu.Unlock()
	q.set.budget.Return(&q.share, l.charge)
	if a != nil {
		l.recorded(a, again)
	}
	if goesOn {
		l.goOn()
	}
}

// releaseNextLocked releases what waits for the delivery.
func (l *Lease) releaseNextLocked() {
	l.queue.releaseNextForKeyLocked(l.key)
	l.queue.dropRefsIfEmptyLocked()
}

// scheduleLocked puts the delivery back.
func (l *Lease) scheduleLocked(at time.Time, tries pending.Attempts) {
	l.queue.trackExpiryLocked(&l.Item)
	l.queue.scheduled.Push(pending.Scheduled{Item: l.Item, Due: l.queue.set.mono(at), Attempts: tries, Key: l.key})
}

// triesAfter returns how the attempts have gone, with the one that has just ended.
func (l *Lease) triesAfter(a *history.Attempt) pending.Attempts {
	now := l.queue.set.now()
	s := pending.Attempts{Count: l.Attempt, Last: now}
	if a.NoStep {
		s.Count--
	}
	if !a.Throttled.IsZero() {
		s.Throttled, s.Since, s.Until = true, now, l.queue.set.mono(a.Throttled)
		if l.tries.Throttled {
			s.Since = l.tries.Since
		}
	}
	return s
}

// line returns the fields of an attempt's line.
func (l *Lease) line(a *history.Attempt, again bool, next time.Time) []byte {
	return history.AppendAttempt(make([]byte, 0, 512), &history.AttemptRecord{
		Webhook: l.queue.name, Seq: l.Seq, Of: l.Of, Resend: l.Resend, Test: l.test,
		Number: l.Attempt, Again: again, Next: next, Throttled: l.Throttled,
	}, a)
}

// recordLocked hands a line to the ledger. The queue is locked.
func (l *Lease) recordLocked(fields []byte, generation history.Generation, at time.Time) {
	q := l.queue
	q.set.ledger.Record(history.Line{Webhook: q.name, Config: q.config[generation], At: at, Fields: fields})
}

// recorded calls Options.Recorded for an attempt.
func (l *Lease) recorded(a *history.Attempt, again bool) {
	l.queue.set.recorded(history.Recorded{
		Attempt: *a, Webhook: l.queue.name, Seq: l.Seq, Number: l.Attempt, Test: l.test, Again: again, Accepted: l.Accepted,
	})
}

// RecordTest records the one attempt of a test of the webhook, after the quick tries
// before it. It is durable on return. The event of a test is in no queue: nothing
// repeats the attempt after a crash, and it does not count in the failure streak.
func (q *Queue) RecordTest(seq history.Seq, accepted time.Time, attempts ...history.Attempt) error {
	l := Lease{Seq: seq, Attempt: 1, Accepted: accepted, queue: q, test: true}
	now := time.Now()
	for i := range attempts {
		a := &attempts[i]
		again, next := i < len(attempts)-1, time.Time{}
		if again {
			next = now
		}
		fields := l.line(a, again, next)
		q.mu.Lock()
		l.recordLocked(fields, a.Generation, now)
		q.mu.Unlock()
		l.recorded(a, again)
	}
	return q.set.ledger.Flush()
}
