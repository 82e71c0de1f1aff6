package queue

import (
	"maps"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
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
	now    clock.Instant     // when it began
	last   history.Seq       // a new queue has everything up to this record
	queues map[string]*Queue // no part of the set before Finish

	scheduled map[*Queue]map[history.Seq]pending.Scheduled // by seq, while lines change and end them
	counted   map[*Queue]history.Seq                       // the last seq that the checkpoint counts
	ended     map[history.Seq][]*Queue                     // by seq, those that it counts and that have ended, with a size not known yet
}

// Replay begins a replay at a time of the wall clock. Nothing up to the record last is
// pending for a webhook without a checkpoint.
func (s *Set) Replay(now time.Time, last history.Seq) *Replay {
	return &Replay{
		set: s, now: s.instant(now), last: last, queues: map[string]*Queue{},
		scheduled: map[*Queue]map[history.Seq]pending.Scheduled{}, counted: map[*Queue]history.Seq{}, ended: map[history.Seq][]*Queue{},
	}
}

// queue returns the queue of a webhook. It is kept from the sweeper until Finish.
func (r *Replay) queue(webhook string) *Queue {
	q, ok := r.queues[webhook]
	if !ok {
		q = newQueue(r.set, webhook)
		q.last, q.expiry.swept = r.last, true
		r.queues[webhook] = q
	}
	return q
}

// Checkpoint restores a queue from its part of a checkpoint, written at a time.
func (r *Replay) Checkpoint(webhook string, c *Checkpoint, written time.Time) {
	r.queue(webhook).restore(c, written, r.now)
}

// Streak restores the failure streak of a webhook.
func (r *Replay) Streak(webhook string, c *streak.Checkpoint) { r.queue(webhook).streak.Restore(c) }

// State adds a record of a webhook's state.
func (r *Replay) State(d *history.DeliveryRecord) {
	q := r.queue(d.Webhook)
	q.state = d.WebhookState()
	q.streak.Enter(q.state)
}

// Attempt adds a record of an attempt. If its event was removed, it only counts in the
// failure streak: the delivery has ended, though the line of its end may have
// been removed, too.
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
	s, ok := r.start(q, d.Seq)
	if !ok {
		return
	}
	s.Count, s.OriginalDue = d.Attempt-d.Free, 0
	if d.Again || d.NoStep {
		s.Count--
	}
	if !d.Again {
		s.Last = r.now.Past(d.At)
	}
	if s.Throttled = !d.Throttled.IsZero(); s.Throttled {
		s.Since, s.Until = r.now.Past(d.Throttled), r.now.Future(d.Until, d.At)
	}
	s.Due = r.now.Future(d.Next, d.At)
	r.scheduledOf(q)[d.Seq] = s
}

// scheduledOf returns the scheduled deliveries of a queue, by seq.
func (r *Replay) scheduledOf(q *Queue) map[history.Seq]pending.Scheduled {
	m, ok := r.scheduled[q]
	if !ok {
		m = make(map[history.Seq]pending.Scheduled, len(q.scheduled))
		for _, s := range q.scheduled {
			m[s.Number] = s
		}
		q.scheduled = nil
		r.scheduled[q], r.counted[q] = m, q.last
	}
	return m
}

// start takes a delivery out of those that were not started. It reports false for one
// that ended before the checkpoint.
func (r *Replay) start(q *Queue, seq history.Seq) (s pending.Scheduled, ok bool) {
	s, wasScheduled := r.scheduledOf(q)[seq]
	fresh := q.nextUnread() <= seq && !q.startedSeqs.Has(seq)
	if fresh {
		q.startedSeqs.Add(seq)
		if seq <= q.last {
			q.unread--
		}
	}
	s.Number = seq
	return s, wasScheduled || fresh
}

// end ends a delivery and takes it out of the counts: by the item that the checkpoint has, or
// else by it. It reports false if the delivery had ended before, or is not counted yet.
func (r *Replay) end(q *Queue, it Item) (ended bool) {
	s, ok := r.start(q, it.Number)
	delete(r.scheduledOf(q), it.Number)
	if !ok || it.Number > q.last { // what is after last is not counted yet
		return false
	}
	if s.Location.Length > 0 {
		it = s.Item
	}
	q.uncountLocked(&it)
	if it.Location.Length == 0 {
		r.ended[it.Number] = append(r.ended[it.Number], q)
	}
	return true
}

// EndRenamed ends the delivery that a rename continues. If it has not ended, a crash
// lost its line, which is recorded again: the record of the rename may be removed
// before that of the event. Accepted calls it; an engine that owns the former name
// alone calls it instead.
func (r *Replay) EndRenamed(a *history.EventRecord) {
	q := r.queue(a.Was)
	if it := pending.FormerOf(a); r.end(q, it) {
		e := ending{it, renamedTo(a.To[0], a.Generation)}
		if of := (Item{Number: a.Of}); r.set.book.Load(&of) == nil {
			pending.Identify(&e.Attempt, of.Body)
		}
		q.recordEndLocked(&e, 0)
	}
}

// Accepted adds a record of the events.
func (r *Replay) Accepted(a *history.EventRecord) {
	if a.Was != "" {
		r.EndRenamed(a)
	}
	r.Begin(a)
}

// Begin adds the deliveries that a record begins. Accepted calls it; an engine that
// owns some of the webhooks calls it instead, with those alone in To.
func (r *Replay) Begin(a *history.EventRecord) {
	it := pending.ItemOf(a)
	if a.Kind == history.KindEvent {
		it.Body = pending.NewBody(a.Event, a.Filled, nil) // for its expirytime alone
	}
	for _, name := range a.To {
		q := r.queue(name)
		if a.Seq <= q.last {
			continue
		}
		known := r.scheduledOf(q)
		q.last = a.Seq
		s, ok := known[a.Seq]
		switch {
		case ok:
			s.Item = it
			s.Body = nil
			known[a.Seq] = s
		case q.startedSeqs.Has(a.Seq): // it has ended
			continue
		default:
			if q.unread == 0 {
				q.readPosition = Mark{a.Seq, a.Location, it.AcceptedAt}
			}
			q.unread++
		}
		q.backlog.Add(it.Size())
		q.trackExpiryLocked(&it)
		q.addRefsLocked(&it)
		if a.Was != "" {
			q.renamed = a.Seq
		}
	}
}

// Finish adds the queues to the set, in the place of those of their names. It counts
// the deliveries anew: one may be of an event whose record is damaged and was not met.
// If the wall clock was set meanwhile (stepped), a sweep looks at all expirytimes again.
func (r *Replay) Finish(stepped bool) {
	for q, m := range r.scheduled {
		for _, s := range m {
			q.scheduled.Push(s)
			if s.Number > r.counted[q] && s.AcceptedAt == 0 {
				q.addAnyRefs(s.Number)
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
		if stepped && q.expiry.nextTime < never {
			q.expiry.nextTime = 0
		}
		q.expiry.swept = false
		q.addToSweepLocked()
	}
	r.set.mu.Lock()
	defer r.set.mu.Unlock()
	maps.Copy(r.set.queues, r.queues)
	r.set.sorted = nil
	r.set.last = max(r.set.last, r.last)
}

// Unmeasured returns the seqs of deliveries that the checkpoint counts and that have ended
// since, if their size is known from the record alone: see Subtract.
func (r *Replay) Unmeasured() map[history.Seq][]*Queue { return r.ended }

// Subtract takes a record of Unmeasured out of the counts of the checkpoint: its bytes, and
// the event that a resend points to.
func (r *Replay) Subtract(a *history.EventRecord) {
	for _, q := range r.ended[a.Seq] {
		q.backlog.Bytes = max(0, q.backlog.Bytes-int64(a.Location.Length))
		if a.Of != 0 {
			q.segmentRefs.Drop(a.Of)
		}
	}
}

// Drop forgets the deliveries of events after the last one there is.
func (r *Replay) Drop(last history.Seq) {
	for _, known := range r.scheduled {
		maps.DeleteFunc(known, func(seq history.Seq, _ pending.Scheduled) bool { return seq > last })
	}
}
