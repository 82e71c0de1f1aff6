package history

import (
	"context"
	"time"
)

// Rename queues what waits for a webhook anew under its new name, in the order
// of acceptance and with the whole schedule of retries ahead of it, and ends it
// under the former name. It returns how many deliveries it moved; they are
// durable on return, also with an error. Errors: those of Append, and of reading
// the events. The same call again moves what is left.
//
//	N1  The record of a rename ends the delivery of the former name and begins
//	    the one of the new name: there is no moment at which both wait, or none.
//	    A start that finds the record without the line of that end writes it.
//	N2  A delivery that is in flight meanwhile is moved, too, but not claimed
//	    under the new name before that attempt is over. If the attempt ends the
//	    delivery, it ends under both names.
func (j *Journal) Rename(ctx context.Context, was, to string, generation uint64) (moved int, err error) {
	j.renaming.Lock()
	defer j.renaming.Unlock()
	q := j.Queue(was)
	move := func(items []item) bool {
		var n int
		n, err = j.rename(ctx, q, items, to, generation)
		moved += n
		return err == nil
	}
	if !move(q.inFlight()) {
		return moved, err
	}
	failed := q.traverse(nil, nil, func(chunk []item, _, _ mark) bool { return move(chunk) })
	if err == nil {
		err = failed
	}
	return moved, err
}

// renamed is a delivery that goes on under another name.
type renamed struct {
	queue *Queue // of the former name
	ending
	inFlight *Lease // it still is, under the former name
	over     bool   // it had ended before it was moved
}

// inFlight are the deliveries that are claimed and not moved, in order.
func (q *Queue) inFlight() (items []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.flight {
		if l.moved == nil {
			items = append(items, l.item)
		}
	}
	sortBySeq(items)
	return items
}

// rename moves some deliveries, in one commit. One whose record is damaged stays
// where it is.
func (j *Journal) rename(ctx context.Context, q *Queue, items []item, to string, generation uint64) (moved int, err error) {
	r := &request{}
	defer func() {
		for i := range r.records {
			j.retention.unpin(r.records[i].of)
		}
	}()
	for _, it := range items {
		if it.body == nil {
			if err := j.load(&it); isDamage(err) {
				continue
			} else if err != nil {
				return 0, err
			}
		}
		of := it.of
		if of == 0 {
			of = it.seq
		}
		if !j.retention.pin(of) {
			continue
		}
		now := j.clock.check()
		accepted := now.Add(-j.clock.age(it.seq, it.accepted, j.now()))
		unmet := it.body.unmet(q.name)
		b := &body{json: it.body.json, filled: it.body.filled, expires: it.body.expires}
		if unmet != "" {
			b.failures = []Failure{{to, unmet}}
		}
		end := renamedTo(to, generation)
		end.identify(b)
		r.records = append(r.records, record{
			of: of, resend: it.resend, to: []string{to}, body: b, accepted: accepted.UnixNano(),
			head:   appendRename(nil, generation, of, &it, accepted, q.name, to, unmet),
			rename: &renamed{queue: q, ending: ending{it, end}},
		})
	}
	if len(r.records) == 0 {
		return 0, nil
	}
	if err := j.commits.do(ctx, r); err != nil {
		return 0, err
	}
	return len(r.records), nil
}

// renamedTo is the line that ends a delivery under its former name.
func renamedTo(to string, generation uint64) Attempt {
	return Attempt{Generation: generation, Status: Canceled, Unsent: true, Error: "renamed to " + to, RenamedTo: to}
}

// endRenamed takes what a batch renames out of the queues of the former names.
func (j *Journal) endRenamed(batch []durable) {
	var of map[*Queue][]*durable
	for i := range batch {
		if r := batch[i].rename; r != nil {
			if of == nil {
				of = map[*Queue][]*durable{}
			}
			of[r.queue] = append(of[r.queue], &batch[i])
		}
	}
	for q, list := range of {
		q.giveAway(list)
	}
}

// giveAway takes deliveries out of the queue that go on under another name.
func (q *Queue) giveAway(list []*durable) {
	items, ends := make([]item, 0, len(list)), make(map[uint64]ending, len(list))
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range list {
		r := d.rename
		if r.inFlight = q.flight[r.seq]; r.inFlight != nil {
			r.inFlight.moved = &moved{end: r.Attempt}
			q.ended(&r.item)
			q.recordEnd(&r.ending, r.inFlight.attempts)
			continue
		}
		items = append(items, r.item)
		ends[r.seq] = r.ending
	}
	q.end(items, ends)
	for _, d := range list {
		_, left := ends[d.rename.seq]
		d.rename.over = left
	}
}

// moved is how a delivery goes on that is in flight under its former name.
type moved struct {
	to    *Lease  // in flight as well, until the attempt is over; nil before it is published
	end   Attempt // under the former name
	ended bool    // the attempt did
}

// publishMoved adds a renamed delivery that is durable.
func (q *Queue) publishMoved(it item, r *renamed) {
	q.mu.Lock()
	q.renamed = it.seq
	q.mu.Unlock()
	switch {
	case r.inFlight != nil:
		l := q.publishInFlight(it)
		former := r.inFlight.queue
		former.mu.Lock()
		r.inFlight.moved.to = l
		_, still := former.flight[r.seq]
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

// publishInFlight adds a delivery that is not to be claimed before its lease
// has ended.
func (q *Queue) publishInFlight(it item) *Lease {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(&it)
	if len(q.window)+q.unread > 0 {
		q.skip.add(it.seq) // Q3
	}
	q.order.unsorted = q.order.By != ""
	return q.fly(wait{item: it})
}

// goOn lets a delivery go on under its new name: the attempt at it which was in
// flight under the former one is over.
func (l *Lease) goOn() {
	if l.moved.ended {
		l.moved.to.endAs(l.queue.name, l.moved.end)
	} else {
		l.moved.to.Release(nil, time.Now())
	}
}

// endAs ends a delivery that had ended under its former name. The reader of its
// line finds there what became of it.
func (l *Lease) endAs(was string, end Attempt) {
	end.Error, end.RenamedTo = "ended as "+was+" when it was renamed", was
	l.Attempt-- // none was made
	l.Done(end)
}
