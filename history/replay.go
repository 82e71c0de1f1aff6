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
	waits := r.waiting(q)
	w, waited := waits[d.Seq]
	unbegun := q.next() <= d.Seq && !q.skip.has(d.Seq)
	if !waited && !unbegun {
		return // ended ahead of the cursors
	}
	if unbegun {
		q.skip.add(d.Seq)
		if d.Seq <= q.last {
			q.unread--
		}
	}
	if d.Status != Retrying {
		delete(waits, d.Seq)
		if d.Seq <= q.last { // else it is not counted yet
			w.seq = d.Seq
			q.ended(&w.item)
			if w.place.Length == 0 {
				r.ended[d.Seq] = append(r.ended[d.Seq], q)
			}
		}
		return
	}
	w.seq = d.Seq
	w.attempts, w.free, w.back = d.Attempt, int32(d.Free), 0
	if d.Again {
		w.attempts--
	} else {
		w.last = r.ago(d.At, now)
	}
	if w.throttled = !d.Throttled.IsZero(); w.throttled {
		w.since, w.until = r.ago(d.Throttled, now), r.now()+remaining(d.Until, d.At, now)
	}
	w.due = r.now() + remaining(d.Next, d.At, now)
	waits[d.Seq] = w
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
	it := item{seq: a.Seq, of: a.Of, place: a.Place, accepted: a.At.UnixNano()}
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
			w.place, w.of, w.accepted = it.place, it.of, it.accepted
			waits[a.Seq] = w
		case q.skip.has(a.Seq): // it has ended
			continue
		default:
			if q.unread == 0 {
				q.more = mark{a.Seq, a.Place, a.At.UnixNano()}
			}
			q.unread++
		}
		q.backlog.add(it.size())
		q.mind(&it)
		q.hold(&it)
	}
}
