package history

import (
	"time"
)

// cursor is one queue. Everything in its window counts as unread.
type cursor struct {
	Last    uint64       `json:"last"`
	Next    uint64       `json:"next"`
	More    [3]uint64    `json:"more"`
	Oldest  int64        `json:"oldest,omitempty"` // no unread one was accepted before, in Unix ns; 0 if not known
	Unread  int          `json:"unread"`
	Renamed uint64       `json:"renamed,omitempty"` // records up to it may be of older deliveries
	Skip    [][2]uint64  `json:"skip,omitempty"`
	Holds   [][3]uint64  `json:"holds,omitempty"` // seqs from and to, how many of them have not ended
	Waits   []waitCursor `json:"waits,omitempty"`
	Events  int          `json:"backlog_events"`
	Bytes   int64        `json:"backlog_bytes"`
	State   string       `json:"state,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
	Why     string       `json:"why,omitempty"`
	Entry   string       `json:"entry,omitempty"`
	Row     *rowCursor   `json:"row,omitempty"`
	Expiry  int64        `json:"expiry,omitempty"` // Unix ms; no expirytime passes ahead of it
}

// waitCursor is one wait: seq, of, segment, offset, length, accepted in Unix ns,
// due in Unix ms, attempts; how many of these used up no step, where the version
// that wrote them numbered all; and, in Unix ms and zero where a version did not
// know them, throttled since and until, last and back.
type waitCursor [13]int64

func packPlace(p Location) [3]uint64 {
	return [3]uint64{p.Segment, uint64(p.Offset), uint64(p.Length)}
}

func unpackPlace(p [3]uint64) Location {
	return Location{Segment: p[0], Offset: uint32(p[1]), Length: uint32(p[2])}
}

// cursor is where the queue stands. It is false for one that a start without it
// would find as it is, but for its row: nothing waits, and nothing behind
// published was for it.
func (q *Queue) cursor(now time.Time, published uint64, keep time.Duration) (cursor, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := cursor{Row: q.row.cursor(now, keep)}
	if q.left() == 0 && q.last <= published && q.state == (State{}) {
		return c, false
	}
	c.Last, c.Next, c.Unread = q.last, q.last+1, q.unread+len(q.window)
	c.Renamed = q.renamed
	c.Events, c.Bytes = q.backlog.Events, q.backlog.Bytes
	c.State, c.Since, c.Why, c.Entry = q.state.Name, q.state.Since, q.state.Why, q.state.Entry
	if len(q.window) > 0 {
		c.Next, c.More, c.Oldest = q.window[0].seq, packPlace(q.window[0].place), q.window[0].accepted
	} else if q.unread > 0 {
		c.Next, c.More, c.Oldest = q.more.seq, packPlace(q.more.place), q.more.at
	}
	for _, s := range q.skip {
		c.Skip = append(c.Skip, [2]uint64{s.from, s.to})
	}
	for _, h := range q.holds {
		c.Holds = append(c.Holds, [3]uint64{h.from, h.to, uint64(h.n)})
	}
	mono := q.set.now()
	wall := func(at time.Duration) int64 { return now.Add(at - mono).UnixMilli() }
	add := func(it *item, due time.Duration, t *tries) {
		p, since, until := it.place, int64(0), int64(0)
		if t.throttled {
			since, until = wall(t.since), wall(t.until)
		}
		c.Waits = append(c.Waits, waitCursor{
			int64(it.seq), int64(it.of), int64(p.Segment), int64(p.Offset), int64(p.Length), it.accepted, wall(max(due, mono)),
			int64(t.attempts), 0, since, until, wall(t.last), wall(t.back),
		})
	}
	if q.lapse.expiry < never {
		c.Expiry = now.Add(max(q.lapse.expiry-mono, 0)).UnixMilli()
	}
	// What stands behind another one of its key finds its line again.
	q.eachWait(func(w *wait) { add(&w.item, w.due, &w.tries) })
	// A crash ends what is in flight: it is made again, at once.
	for _, l := range q.flight {
		if l.moved != nil {
			continue // it waits under its new name
		}
		add(&l.item, mono, &l.tries)
	}
	return c, true
}

// restore is the opposite of cursor. What was to wait waits no longer than it
// was to when the cursors were written, wherever the clock went since.
func (q *Queue) restore(c *cursor, written, now time.Time) {
	q.last, q.unread, q.renamed = c.Last, c.Unread, c.Renamed
	q.more = mark{c.Next, unpackPlace(c.More), c.Oldest}
	for _, x := range c.Skip {
		q.skip = append(q.skip, span{x[0], x[1]})
	}
	for _, h := range c.Holds {
		q.holds = append(q.holds, hold{h[0], h[1], int(h[2])})
	}
	q.backlog.Events, q.backlog.Bytes = c.Events, c.Bytes
	q.state = State{c.State, c.Since, c.Why, c.Entry}
	q.row.restore(c.Row)
	if c.Expiry != 0 {
		q.lapse.expiry = q.set.now() + remaining(time.UnixMilli(c.Expiry), written, now)
	}
	s := q.set
	for _, w := range c.Waits {
		since, until, last, back := time.UnixMilli(w[9]), time.UnixMilli(w[10]), time.UnixMilli(w[11]), time.UnixMilli(w[12])
		q.waits = append(q.waits, wait{
			item: item{
				seq: uint64(w[0]), of: uint64(w[1]), accepted: w[5],
				place: Location{Segment: uint64(w[2]), Offset: uint32(w[3]), Length: uint32(w[4])},
			},
			due: s.now() + remaining(time.UnixMilli(w[6]), written, now),
			tries: tries{
				attempts: int(w[7] - w[8]), throttled: w[9] != 0,
				since: s.ago(since, now), until: s.now() + remaining(until, written, now),
				last: s.ago(last, now), back: s.now() + remaining(back, written, now),
			},
		})
	}
}

// remaining is how long something still waits that was told at a time to wait
// until due.
func remaining(due, told, now time.Time) time.Duration {
	return max(0, min(due.Sub(now), due.Sub(told)))
}

// ago is when something was on the clock of this process that was at a time of
// the wall's, and not to come.
func (s *queueSet) ago(at, now time.Time) time.Duration { return s.now() - max(0, now.Sub(at)) }
