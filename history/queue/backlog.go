package queue

import "time"

// Backlog counts the deliveries that have not ended.
type Backlog struct {
	Events   int
	Bytes    int64
	Oldest   time.Time // acceptance of the oldest; zero if there is none
	InFlight int
}

func (b *Backlog) add(size int64) {
	b.Events++
	b.Bytes += size
}

// subtract takes one delivery out. Of one whose record is damaged the size is not
// known, nor, at first, of one that ended by a line that a start replays.
func (b *Backlog) subtract(size int64) {
	b.Events--
	if b.Bytes = max(0, b.Bytes-size); b.Events == 0 {
		b.Bytes = 0
	}
}

// Backlog counts what has not ended.
func (q *Queue) Backlog() Backlog {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.backlog
	b.InFlight = len(q.inFlight)
	b.Oldest = q.oldest()
	return b
}

// oldest is the acceptance of the delivery that has been here longest. The
// unread ones are younger than the window; where that is empty, as after a
// start, it is that of their mark, which may be that of one that has ended.
func (q *Queue) oldest() time.Time {
	var first int64
	see := func(it *Item) {
		if it.AcceptedAt > 0 && (first == 0 || it.AcceptedAt < first) {
			first = it.AcceptedAt
		}
	}
	q.eachWait(func(w *scheduled) { see(&w.Item) })
	for _, l := range q.inFlight {
		see(&l.Item)
	}
	switch {
	case len(q.prefetch) > 0:
		see(&q.prefetch[0])
	case q.unread > 0:
		see(&Item{AcceptedAt: q.readPosition.At})
	}
	if first == 0 {
		return time.Time{}
	}
	return time.Unix(0, first)
}
