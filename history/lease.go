package history

import (
	"errors"
	"time"

	"sidehook/history/segment"
)

// Lease is one delivery, handed out to be attempted. It ends with exactly one
// of Done, Retry and Release.
type Lease struct {
	Seq      uint64
	Event    []byte   // the event as stored; shared, not to be changed
	Filled   []string // the attributes in it that sidehook filled in
	Accepted time.Time
	Attempt  int // the number of this attempt, from 1
	Resend   bool

	item
	queue *Queue
	heir  *Queue // under whose name and configuration it is delivered
}

// Claim hands out a delivery that is due, and is false if none is. It holds no
// lock while it reads a file; a claim that finds another one reading is told
// that nothing is due, and woken when that has ended.
func (q *Queue) Claim(pick Pick) (*Lease, bool) {
	if q.journal.outcomes.full() {
		return nil, false // what became of it could not be kept
	}
	q.mu.Lock()
	older := q.older
	q.mu.Unlock()
	if older != nil {
		if l, ok := older.Claim(pick); ok {
			l.heir = q
			return l, true
		}
	}
	for {
		q.mu.Lock()
		l, ok := q.take(pick)
		read := !ok && pick != RetriesOnly && q.unread > 0 && !q.reading && q.journal.now() >= q.pause
		q.reading = q.reading || read
		q.mu.Unlock()
		switch {
		case ok:
			if err := q.open(l); err == nil {
				return l, true
			}
		case read:
			q.read()
		default:
			return nil, false
		}
	}
}

// take moves the delivery to be attempted into flight.
func (q *Queue) take(pick Pick) (*Lease, bool) {
	now := q.journal.now()
	begun := len(q.waits) > 0 && q.waits[0].due <= now
	fresh := len(q.window) > 0 && pick != RetriesOnly
	if pick == Oldest && begun && (fresh || q.unread > 0) {
		if !fresh {
			return nil, false // what is unread has to be read to be compared
		}
		begun = int64(q.waits[0].due) <= q.window[0].accepted-q.journal.base.UnixNano()
	}
	l := &Lease{queue: q, heir: q}
	switch {
	case begun:
		w := q.waits.pop()
		l.item, l.Attempt = w.item, w.attempts+1
	case fresh:
		l.item, l.Attempt = q.shift(), 1
	default:
		return nil, false
	}
	l.Seq, l.Resend = l.seq, l.of != 0
	q.flight[l.seq] = l
	return l, true
}

// open gives a lease its event. On an error the lease has ended: with the
// delivery, if its record is damaged; else it is tried again later.
func (q *Queue) open(l *Lease) error {
	if l.body == nil {
		var damage *segment.Damage
		// Cursors that are taken meanwhile look at what is in flight.
		it := l.item
		err := q.journal.load(&it)
		q.mu.Lock()
		l.item = it
		q.mu.Unlock()
		switch {
		case err == nil:
			q.unreadable.over(q.journal.log, "waiting events can be read again", "webhook", q.name)
		case errors.As(err, &damage), errors.Is(err, segment.ErrNotFound):
			q.journal.log.Error("cannot deliver a damaged event", "webhook", q.name, "seq", l.seq, "error", err)
			l.Done(Attempt{Generation: q.generation(), Status: Failed, Error: "its record in the history is damaged"})
			return err
		default:
			q.unreadable.met(q.journal.log, "cannot read waiting events", err, "webhook", q.name, "seq", l.seq)
			l.Release(nil, time.Now().Add(readAgain))
			return err
		}
	}
	l.Resend = l.of != 0 // a start may not have known
	l.Event, l.Filled = l.body.json, l.body.filled
	l.Accepted = time.Unix(0, l.accepted)
	return nil
}

// Done ends the delivery.
func (l *Lease) Done(a Attempt) {
	l.end(&a, false, time.Time{}, func() { l.queue.ended(&l.item); l.queue.emptied() })
}

// Retry lets the delivery wait until at, as read from time.Now; the wait is on
// the monotonic clock.
func (l *Lease) Retry(a Attempt, at time.Time) {
	l.end(&a, false, at, func() { l.wait(at, l.Attempt) })
}

// Release gives the delivery back, due at a time and as if this attempt had not
// been. What was tried is recorded if a is not nil.
func (l *Lease) Release(a *Attempt, at time.Time) {
	l.end(a, true, at, func() { l.wait(at, l.Attempt-1) })
}

// Note records a try that was repeated at once, within the lease.
func (l *Lease) Note(a Attempt) {
	q := l.queue
	fields := appendAttempt(make([]byte, 0, 512), l, &a, true, time.Now())
	config := l.heir.configOf(a.Generation)
	q.mu.Lock()
	l.record(fields, config, time.Now())
	q.mu.Unlock()
	q.journal.recorded(l.heir.name, a.Status, a.Took, l.Accepted)
}

// wait puts the delivery back. The queue is locked.
func (l *Lease) wait(at time.Time, attempts int) {
	l.queue.waits.push(wait{item: l.item, due: at.Sub(l.queue.journal.base), attempts: attempts})
}

// end takes the delivery out of flight. That, and handing its line over, is one
// step under the queue's lock: cursors that were taken with it wait for the
// line to be synced, and so never say more than synced lines say (H4).
func (l *Lease) end(a *Attempt, again bool, next time.Time, change func()) {
	q := l.queue
	var fields []byte
	var config *Config
	if a != nil {
		fields = appendAttempt(make([]byte, 0, 512), l, a, again, next)
		config = l.heir.configOf(a.Generation)
	}
	q.mu.Lock()
	delete(q.flight, l.seq)
	change()
	if a != nil {
		now := time.Now()
		l.heir.row.learn(now, a.Status, again || a.Unsent)
		l.record(fields, config, now)
	}
	wake := q.wake
	taken := q.taken
	q.mu.Unlock()
	if a != nil {
		q.journal.recorded(l.heir.name, a.Status, a.Took, l.Accepted)
	}
	if taken { // who gives it back may not be who claims it next
		wake()
	}
}

// record hands a line to the writer. The queue is locked.
func (l *Lease) record(fields []byte, config *Config, at time.Time) {
	l.queue.journal.outcomes.add(outcome{webhook: l.heir.name, config: config, at: at, fields: fields})
}
