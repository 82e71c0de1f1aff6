package queue

import (
	"maps"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/streak"
)

// Replay builds queues from what is stored: the checkpoint first, then the
// deliveries recorded since, then the events accepted since. Records that the
// checkpoint already covers may come again, and change nothing. Finish adds the
// queues to the set. A Replay belongs to one goroutine.
//
// At a start it covers all webhooks. An engine that takes over one webhook while
// the process runs replays that one alone, after its owner until then
// has removed it (Set.Remove). No Publish may run between the last Accepted and Finish.
type Replay struct {
	set    *Set
	now    time.Time         // on the wall clock
	last   history.Seq       // a new queue has everything up to this record
	queues map[string]*Queue // no part of the set before Finish

	waits   map[*Queue]map[history.Seq]scheduled // of each queue by their seq, while lines move and end them
	counted map[*Queue]history.Seq               // the last seq that the checkpoint counts
	ended   map[history.Seq][]*Queue             // by seq, what it counts and has ended, while its record is not known
}

// Replay begins one, at a time of the wall clock. A webhook without a checkpoint
// has had everything up to the record last.
func (s *Set) Replay(now time.Time, last history.Seq) *Replay {
	return &Replay{
		set: s, now: now, last: last, queues: map[string]*Queue{},
		waits: map[*Queue]map[history.Seq]scheduled{}, counted: map[*Queue]history.Seq{}, ended: map[history.Seq][]*Queue{},
	}
}

// queue returns the queue of a webhook. It is kept from the sweeper until Finish.
func (r *Replay) queue(webhook string) *Queue {
	q, ok := r.queues[webhook]
	if !ok {
		q = newQueue(r.set, webhook)
		q.last, q.lapse.swept = r.last, true
		r.queues[webhook] = q
	}
	return q
}

// Checkpoint puts a queue where its part of a checkpoint says, written at a time.
func (r *Replay) Checkpoint(webhook string, c *Checkpoint, written time.Time) {
	r.queue(webhook).restore(c, written, r.now)
}

// Streak restores the failure streak of a webhook.
func (r *Replay) Streak(webhook string, c *streak.Checkpoint) { r.queue(webhook).streak.Restore(c) }

// State takes in the record of a webhook's state.
func (r *Replay) State(d *history.DeliveryRecord) {
	q := r.queue(d.Webhook)
	q.state = d.WebhookState()
	q.streak.Enter(q.state)
}

// Attempt takes in the record of an attempt. Of one whose event is removed it
// tells how the receiver does: the delivery has ended, though the line that says
// so may be removed as well.
func (r *Replay) Attempt(d *history.DeliveryRecord, removed bool) {
	r.queue(d.Webhook).streak.Replay(d)
	if removed {
		return
	}
	q := r.queue(d.QueueName())
	if d.Status != history.Retrying {
		r.end(q, Item{Number: d.Seq})
		return
	}
	w, ok := r.begin(q, d.Seq)
	if !ok {
		return
	}
	w.attempts, w.back = d.Attempt-d.Free, 0
	if d.Again || d.NoStep {
		w.attempts--
	}
	if !d.Again {
		w.last = r.ago(d.At)
	}
	if w.throttled = !d.Throttled.IsZero(); w.throttled {
		w.since, w.until = r.ago(d.Throttled), r.set.now().Add(remaining(d.Until, d.At, r.now))
	}
	w.due = r.set.now().Add(remaining(d.Next, d.At, r.now))
	r.waiting(q)[d.Seq] = w
}

func (r *Replay) ago(at time.Time) clock.Mono { return r.set.ago(at, r.now) }

// waiting are the waits of a queue, by seq.
func (r *Replay) waiting(q *Queue) map[history.Seq]scheduled {
	m, ok := r.waits[q]
	if !ok {
		m = make(map[history.Seq]scheduled, len(q.scheduled))
		for _, w := range q.scheduled {
			m[w.Number] = w
		}
		q.scheduled = nil
		r.waits[q], r.counted[q] = m, q.last
	}
	return m
}

// begin takes a delivery out of those that were not begun. It is false for one
// that ended before the cursors were written.
func (r *Replay) begin(q *Queue, seq history.Seq) (w scheduled, ok bool) {
	w, waited := r.waiting(q)[seq]
	unbegun := q.next() <= seq && !q.startedSeqs.Has(seq)
	if unbegun {
		q.startedSeqs.Add(seq)
		if seq <= q.last {
			q.unread--
		}
	}
	w.Number = seq
	return w, waited || unbegun
}

// end ends a delivery, if it has not ended. What is said of it counts unless it
// is known.
func (r *Replay) end(q *Queue, it Item) (ended bool) {
	w, ok := r.begin(q, it.Number)
	delete(r.waiting(q), it.Number)
	if !ok || it.Number > q.last { // what is after last is not counted yet
		return false
	}
	if w.Place.Length > 0 {
		it = w.Item
	}
	q.ended(&it)
	if it.Place.Length == 0 {
		r.ended[it.Number] = append(r.ended[it.Number], q)
	}
	return true
}

// endRenamed ends the delivery that a rename continues. Its line was lost in a
// crash if it has not ended, and is written again: the record of the rename may
// be removed before that of the event.
func (r *Replay) endRenamed(a *history.EventRecord) {
	q := r.queue(a.Was)
	if it := formerOf(a); r.end(q, it) {
		e := ending{it, renamedTo(a.To[0], a.Generation)}
		if of := (Item{Number: a.Of}); r.set.book.Load(&of) == nil {
			identify(&e.Attempt, of.Body)
		}
		q.recordEnd(&e, 0)
	}
}

// next is the lowest number that may not have been begun.
func (q *Queue) next() history.Seq {
	if q.unread > 0 {
		return q.readPosition.Seq
	}
	return q.last + 1
}

// Accepted takes in a record of the events.
func (r *Replay) Accepted(a *history.EventRecord) {
	if a.Was != "" {
		r.endRenamed(a)
	}
	it := ItemOf(a)
	if a.Kind == history.KindEvent {
		it.Body = NewBody(a.Event, a.Filled, nil) // for its expirytime alone
	}
	for _, name := range a.To {
		q := r.queue(name)
		if a.Seq <= q.last {
			continue
		}
		waits := r.waiting(q)
		q.last = a.Seq
		w, waited := waits[a.Seq]
		switch {
		case waited:
			w.Item = it
			w.Body = nil
			waits[a.Seq] = w
		case q.startedSeqs.Has(a.Seq): // it has ended
			continue
		default:
			if q.unread == 0 {
				q.readPosition = Mark{a.Seq, a.Place, it.AcceptedAt}
			}
			q.unread++
		}
		q.backlog.add(it.size())
		q.trackExpiry(&it)
		q.addRefs(&it)
		if a.Was != "" {
			q.renamed = a.Seq
		}
	}
}

// Finish makes heaps of the waits again, drops what the readers need not know,
// and counts anew: a delivery that waits may be of an event whose record is
// damaged, and which was not met. Behind a step of the clock, when expirytimes
// pass is looked at again. It adds the queues to the set, in the place of those of
// their names.
func (r *Replay) Finish(stepped bool) {
	for q, m := range r.waits {
		for _, w := range m {
			q.scheduled.push(w)
			if w.Number > r.counted[q] && w.AcceptedAt == 0 {
				q.addRefsAnywhere(w.Number)
			}
		}
	}
	for _, q := range r.queues {
		if q.unread == 0 {
			q.startedSeqs = nil
		} else {
			q.startedSeqs.DropBelow(q.readPosition.Seq)
		}
		q.backlog.Events = len(q.scheduled) + q.unread
		if q.backlog.Events == 0 {
			q.backlog.Bytes, q.segmentRefs = 0, nil
		}
		if stepped && q.lapse.expiry < never {
			q.lapse.expiry = 0
		}
		q.lapse.swept = false
		q.sweepLater()
	}
	r.set.mu.Lock()
	defer r.set.mu.Unlock()
	maps.Copy(r.set.queues, r.queues)
	r.set.last = max(r.set.last, r.last)
}

// Unmeasured are the seqs of what the checkpoint counts and has ended since, as
// far as only its record says how much that is: see Subtract.
func (r *Replay) Unmeasured() map[history.Seq][]*Queue { return r.ended }

// Subtract takes what has ended out of what the checkpoint counts: the bytes of
// its record, and the event that a resend points to.
func (r *Replay) Subtract(a *history.EventRecord) {
	for _, q := range r.ended[a.Seq] {
		q.backlog.Bytes = max(0, q.backlog.Bytes-int64(a.Place.Length))
		if a.Of != 0 {
			q.segmentRefs.Drop(a.Of)
		}
	}
}

// Drop forgets the deliveries of events after the last one there is.
func (r *Replay) Drop(last history.Seq) {
	for _, waits := range r.waits {
		maps.DeleteFunc(waits, func(seq history.Seq, _ scheduled) bool { return seq > last })
	}
}
