package queue

import (
	"errors"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// Moving is a delivery that is about to continue under another name.
type Moving struct {
	Seq            history.Seq
	Of             history.Seq // the seq of its event
	Resend         bool
	Accepted       time.Time // on the wall clock as it is set now
	Size           int64     // of its record
	ConditionError string    // why the condition failed that should have judged it
	Rename         *Renamed
	Body           *Body
}

// Renamed is a delivery that continues under another name.
type Renamed struct {
	queue *Queue // of the former name
	ending
	inFlight *Lease // of the delivery under the former name, if it has one
	over     bool   // the delivery had ended before it was moved
}

// From returns the queue of the former name.
func (r *Renamed) From() *Queue { return r.queue }

// moved is how a delivery continues that is in flight under its former name.
type moved struct {
	to    *Lease          // under the new name, in flight until the attempt is over; nil before it is published
	end   history.Attempt // under the former name
	ended bool            // the attempt ended the delivery
}

// Move visits the pending deliveries, which continue under another name, in chunks
// and in order, those in flight first, until visit returns an error. The caller
// makes the moves durable and then publishes each with its Moving. A delivery whose record is
// damaged stays where it is.
func (q *Queue) Move(to string, generation history.Generation, visit func([]Moving) error) error {
	var err error
	move := func(items []Item) bool {
		var list []Moving
		if list, err = q.moving(items, to, generation); err == nil && len(list) > 0 {
			err = visit(list)
		}
		return err == nil
	}
	if !move(q.leased()) {
		return err
	}
	failed := q.walkPending(nil, nil, func(chunk []Item, _, _ Mark) bool { return move(chunk) })
	return errors.Join(err, failed)
}

// leased returns the deliveries that are in flight and not moved, in order.
func (q *Queue) leased() (items []Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.inFlight {
		if l.moved == nil {
			items = append(items, l.Item)
		}
	}
	sortBySeq(items)
	return items
}

// moving reads the events of some deliveries.
func (q *Queue) moving(items []Item, to string, generation history.Generation) ([]Moving, error) {
	list := make([]Moving, 0, len(items))
	for _, it := range items {
		if it.Body == nil {
			if err := q.set.book.Load(&it); errors.Is(err, history.ErrDamaged) {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		m := Moving{
			Seq: it.Number, Of: it.Of, Resend: it.IsResend, Size: it.Size(), ConditionError: it.Body.ConditionError(q.name),
			Accepted: q.set.clock.Check().Add(-q.set.clock.Age(it.Number, it.AcceptedAt, q.set.now())),
			Body:     &Body{Event: it.Body.Event, Expires: it.Body.Expires},
		}
		if m.Of == 0 {
			m.Of = it.Number
		}
		if m.ConditionError != "" {
			m.Body.Failures = []history.Failure{{Webhook: to, Reason: m.ConditionError}}
		}
		end := renamedTo(to, generation)
		pending.Identify(&end, m.Body)
		m.Rename = &Renamed{queue: q, ending: ending{it, end}}
		list = append(list, m)
	}
	return list, nil
}

// renamedTo returns the attempt that ends a delivery under its former name.
func renamedTo(to string, generation history.Generation) history.Attempt {
	return history.Attempt{Generation: generation, Status: history.Canceled, Unsent: true, Error: "renamed to " + to, RenamedTo: to}
}

// Renamed returns how a delivery continues whose rename was read from the storage. The
// engine that owns the former name publishes it. It ends there if it has not ended yet.
func (s *Set) Renamed(a *history.EventRecord) *Renamed {
	r := &Renamed{queue: s.Queue(a.Was), ending: ending{pending.FormerOf(a), renamedTo(a.To[0], a.Generation)}}
	if of := (Item{Number: a.Of}); s.book.Load(&of) == nil {
		pending.Identify(&r.Attempt, of.Body)
	}
	return r
}

// endRenamed takes the deliveries that a batch renames out of the queues of their former
// names.
func (s *Set) endRenamed(batch []Published) {
	var of map[*Queue][]*Renamed
	for i := range batch {
		if r := batch[i].Renamed; r != nil {
			if of == nil {
				of = map[*Queue][]*Renamed{}
			}
			of[r.queue] = append(of[r.queue], r)
		}
	}
	for q, list := range of {
		q.giveAway(list)
	}
}

// giveAway takes deliveries out of the queue that continue under another name.
func (q *Queue) giveAway(list []*Renamed) {
	items, ends := make([]Item, 0, len(list)), make(map[history.Seq]ending, len(list))
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range list {
		if r.inFlight = q.inFlight[r.Number]; r.inFlight != nil {
			r.inFlight.moved = &moved{end: r.Attempt}
			q.uncountLocked(&r.Item)
			q.recordEndLocked(&r.ending, r.inFlight.tries.Count)
			continue
		}
		items = append(items, r.Item)
		ends[r.Number] = r.ending
	}
	q.endLocked(items, ends)
	for _, r := range list {
		_, r.over = ends[r.Number]
	}
}

// publishMoved adds a renamed delivery that is durable.
func (q *Queue) publishMoved(it Item, r *Renamed) {
	q.mu.Lock()
	q.renamed = it.Number
	q.mu.Unlock()
	switch {
	case r.inFlight != nil:
		l := q.publishInFlight(it)
		former := r.inFlight.queue
		former.mu.Lock()
		r.inFlight.moved.to = l
		_, still := former.inFlight[r.Number]
		former.mu.Unlock()
		if !still {
			r.inFlight.goOn()
		}
	case r.over:
		q.publishInFlight(it).endAs(r.queue.name, r.Attempt)
	default:
		q.publish(it)
	}
}

// publishInFlight adds a delivery that must not be claimed before its lease has
// ended.
func (q *Queue) publishInFlight(it Item) *Lease {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.countLocked(&it)
	if len(q.prefetch)+q.unread > 0 {
		q.startedSeqs.Add(it.Number) // Q3
	}
	q.order.needsOrdering = q.order.By != ""
	return q.startAttemptLocked(pending.Scheduled{Item: it})
}

// goOn continues a delivery under its new name, after its attempt under the former name has
// ended.
func (l *Lease) goOn() {
	if l.moved.ended {
		l.moved.to.endAs(l.queue.name, l.moved.end)
	} else {
		l.moved.to.Release(nil, time.Now())
	}
}

// endAs ends a delivery that had ended under its former name. The lines there have its
// outcome.
func (l *Lease) endAs(was string, end history.Attempt) {
	end.Error, end.RenamedTo = "ended as "+was+" when it was renamed", was
	l.Attempt-- // none was made
	l.Done(end)
}
