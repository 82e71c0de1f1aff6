package history

import (
	"time"

	"sidehook/history/segment"
)

// delivery takes in one record of the deliveries. Records that the cursors
// already cover may come again, and change nothing.
func (r *restoring) delivery(line *segment.Line, now time.Time) {
	d := parseOutcome(line)
	r.lastDelivery = d.At
	r.see(d.At)
	r.generation = max(r.generation, d.Generation)
	if d.Kind == kindWebhook {
		q := r.Queue(d.Webhook)
		q.state = d.state()
		q.row.forget(q.state)
		return
	}
	if d.Kind != kindAttempt {
		return
	}
	r.told = max(r.told, d.Seq)
	if d.Test {
		return // no queue ever had it
	}
	r.Queue(d.Webhook).row.replay(&d)
	if r.retention.removed[segment.Events].has(d.Seq) {
		return // it has ended, though the line that says so may be removed
	}
	q := r.Queue(d.queue())
	if d.Status != Retrying {
		r.end(q, item{seq: d.Seq})
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
		w.last = r.ago(d.At, now)
	}
	if w.throttled = !d.Throttled.IsZero(); w.throttled {
		w.since, w.until = r.ago(d.Throttled, now), r.now()+remaining(d.Until, d.At, now)
	}
	w.due = r.now() + remaining(d.Next, d.At, now)
	r.waiting(q)[d.Seq] = w
}

// begin takes a delivery out of those that were not begun. It is false for one
// that ended before the cursors were written.
func (r *restoring) begin(q *Queue, seq uint64) (w wait, ok bool) {
	w, waited := r.waiting(q)[seq]
	unbegun := q.next() <= seq && !q.skip.has(seq)
	if unbegun {
		q.skip.add(seq)
		if seq <= q.last {
			q.unread--
		}
	}
	w.seq = seq
	return w, waited || unbegun
}

// end ends a delivery, if it has not ended. What is said of it counts unless it
// is known.
func (r *restoring) end(q *Queue, it item) (ended bool) {
	w, ok := r.begin(q, it.seq)
	delete(r.waiting(q), it.seq)
	if !ok || it.seq > q.last { // what is after last is not counted yet
		return false
	}
	if w.place.Length > 0 {
		it = w.item
	}
	q.ended(&it)
	if it.place.Length == 0 {
		r.ended[it.seq] = append(r.ended[it.seq], q)
	}
	return true
}

// endRenamed ends the delivery that a rename continues. Its line was lost in a
// crash if it has not ended, and is written again: the record of the rename may
// be removed before that of the event.
func (r *restoring) endRenamed(a *Accepted) {
	q := r.Queue(a.Was)
	if it := a.former(); r.end(q, it) {
		e := ending{it, renamedTo(a.To[0], a.Generation)}
		if line, err := r.Journal.events.Find(a.Of); err == nil {
			of := parseAccepted(&line)
			e.identify(newBody(of.Event, of.Filled, nil))
		}
		q.recordEnd(&e, 0)
	}
}

// next is the lowest number that may not have been begun.
func (q *Queue) next() uint64 {
	if q.unread > 0 {
		return q.more.seq
	}
	return q.last + 1
}

// event takes in one record of the events, behind the cursors.
func (r *restoring) event(line *segment.Line) {
	a := parseAccepted(line)
	r.lastEvent = a.At
	r.see(a.At)
	r.generation = max(r.generation, a.Generation)
	if a.Was != "" {
		r.endRenamed(&a)
	}
	it := a.item()
	if a.Kind == kindEvent {
		it.body = newBody(a.Event, a.Filled, nil) // for its expirytime alone
	}
	for _, name := range a.To {
		q := r.Queue(name)
		if a.Seq <= q.last {
			continue
		}
		waits := r.waiting(q)
		q.last = a.Seq
		w, waited := waits[a.Seq]
		switch {
		case waited:
			w.item = it
			w.body = nil
			waits[a.Seq] = w
		case q.skip.has(a.Seq): // it has ended
			continue
		default:
			if q.unread == 0 {
				q.more = mark{a.Seq, a.Place, it.accepted}
			}
			q.unread++
		}
		q.backlog.add(it.size())
		q.mind(&it)
		q.hold(&it)
		if a.Was != "" {
			q.renamed = a.Seq
		}
	}
}
