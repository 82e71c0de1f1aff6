package history

import (
	"cmp"
	"slices"
	"time"
)

// Waiting is a delivery that has not ended and is not under way, as those see
// it who decide about it.
type Waiting struct {
	Seq      uint64
	Event    []byte // as stored; shared, not to be changed
	Filled   []string
	Accepted time.Time
	Size     int64 // what it counts for in the backlog, in bytes
}

// Verdict is what is to become of a waiting delivery.
type Verdict int

const (
	Keep   Verdict = iota // it waits on
	End                   // it ends
	Enough                // it waits on, and so do all that were accepted behind it
)

// Cancel ends the waiting deliveries that end says so of, each with the attempt
// it returns. What is under way is left alone. It returns how many have ended;
// that is durable on return.
//
// The deliveries are looked at in the order of their acceptance, with their
// events, a chunk of them in memory at a time. Between the look and the end another may have claimed it: then it is
// not waiting any more, and does not count.
func (q *Queue) Cancel(end func(*Waiting) (Attempt, Verdict)) (int, error) {
	n, err := q.cancel(end)
	q.mu.Lock()
	older := q.older
	q.mu.Unlock()
	if older != nil && err == nil {
		var more int
		more, err = older.Cancel(end)
		n += more
	}
	if err != nil {
		return n, err
	}
	return n, q.journal.outcomes.flush()
}

func (q *Queue) cancel(end func(*Waiting) (Attempt, Verdict)) (canceled int, err error) {
	q.mu.Lock()
	begun := make([]item, 0, len(q.waits)+len(q.window))
	for i := range q.waits {
		begun = append(begun, q.waits[i].item)
	}
	begun = append(begun, q.window...)
	next, last, unread := q.more, q.last, q.unread
	q.mu.Unlock()
	slices.SortFunc(begun, func(a, b item) int { return cmp.Compare(a.seq, b.seq) })
	for chunk := range slices.Chunk(begun, readChunk) {
		n, enough := q.cancelThese(chunk, end)
		if canceled += n; enough {
			return canceled, nil
		}
	}
	for unread > 0 && next.seq <= last {
		var found []item
		if found, next, err = q.journal.follow(q.name, next, last); err != nil {
			return canceled, err
		}
		q.mu.Lock()
		found = slices.DeleteFunc(found, func(it item) bool { return q.skip.has(it.seq) }) // looked at above, or ended
		q.mu.Unlock()
		n, enough := q.cancelThese(found, end)
		if canceled += n; enough {
			return canceled, nil
		}
	}
	return canceled, nil
}

// cancelThese ends those of the items that end says so of and that still wait.
func (q *Queue) cancelThese(items []item, end func(*Waiting) (Attempt, Verdict)) (canceled int, enough bool) {
	ends := map[uint64]Attempt{}
	for _, it := range items {
		if it.body == nil && q.journal.load(&it) != nil {
			continue // damaged: it ends when its turn comes
		}
		w := Waiting{it.seq, it.body.json, it.body.filled, time.Unix(0, it.accepted), it.size()}
		a, verdict := end(&w)
		if enough = verdict == Enough; enough {
			break
		}
		if verdict == End {
			ends[it.seq] = a
		}
	}
	if len(ends) == 0 {
		return 0, enough
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	withdraw := func(it *item, attempts int) bool {
		a, ok := ends[it.seq]
		if ok {
			delete(ends, it.seq)
			canceled++
			q.ended(it)
			l := Lease{Seq: it.seq, Attempt: attempts, Resend: it.of != 0, item: *it, queue: q, heir: q}
			l.record(appendAttempt(nil, &l, &a, false, time.Time{}), q.config[a.Generation], time.Now())
			q.journal.recorded(q.name, a.Status, 0, time.Unix(0, it.accepted))
		}
		return ok
	}
	q.waits = slices.DeleteFunc(q.waits, func(w wait) bool { return withdraw(&w.item, w.attempts) })
	q.waits.order()
	q.window = slices.DeleteFunc(q.window, func(it item) bool {
		gone := withdraw(&it, 0)
		if gone {
			q.journal.held.Add(-it.held())
			q.skip.add(it.seq) // Q3: a start reads what is behind it again
		}
		return gone
	})
	if len(q.window) > 0 {
		q.skip.dropBelow(q.window[0].seq)
	}
	for i := range items {
		it := &items[i]
		if q.unread > 0 && q.more.seq <= it.seq && it.seq <= q.last && !q.skip.has(it.seq) && withdraw(it, 0) {
			q.skip.add(it.seq)
			q.unread--
		}
	}
	q.tidy()
	q.emptied()
	return canceled, enough
}
