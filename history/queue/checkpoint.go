package queue

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/streak"
)

// Checkpoint is one queue. Everything in its window counts as unread.
type Checkpoint struct {
	Last    history.Seq        `json:"last"`
	Next    history.Seq        `json:"next"`
	More    [3]uint64          `json:"more"`
	Oldest  int64              `json:"oldest,omitempty"` // no unread one was accepted before, in Unix ns; 0 if not known
	Unread  int                `json:"unread"`
	Renamed history.Seq        `json:"renamed,omitempty"` // records up to it may be of older deliveries
	Skip    [][2]history.Seq   `json:"skip,omitempty"`
	Holds   [][3]uint64        `json:"holds,omitempty"` // seqs from and to, how many of them have not ended
	Waits   []waitCursor       `json:"waits,omitempty"`
	Events  int                `json:"backlog_events"`
	Bytes   int64              `json:"backlog_bytes"`
	State   string             `json:"state,omitempty"`
	Since   time.Time          `json:"since,omitzero"`
	Why     string             `json:"why,omitempty"`
	Entry   string             `json:"entry,omitempty"`
	Row     *streak.Checkpoint `json:"row,omitempty"`
	Expiry  int64              `json:"expiry,omitempty"` // Unix ms; no expirytime passes ahead of it
}

// waitCursor is one wait: seq, of, segment, offset, length, accepted in Unix ns,
// due in Unix ms, attempts; how many of these used up no step, where the version
// that wrote them numbered all; and, in Unix ms and zero where a version did not
// know them, throttled since and until, last and back.
type waitCursor [13]int64

func PackPlace(p history.Location) [3]uint64 {
	return [3]uint64{p.Segment, uint64(p.Offset), uint64(p.Length)}
}

func UnpackPlace(p [3]uint64) history.Location {
	return history.Location{Segment: p[0], Offset: uint32(p[1]), Length: uint32(p[2])}
}

// Checkpoint is where the queue stands. It is false for one that a start without it
// would find as it is, but for its row: nothing waits, and nothing behind
// published was for it.
func (q *Queue) Checkpoint(now time.Time, published history.Seq, keep time.Duration) (Checkpoint, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := Checkpoint{Row: q.streak.Checkpoint(now, keep)}
	if q.pending() == 0 && q.last <= published && q.state == (history.WebhookState{}) {
		return c, false
	}
	c.Last, c.Next, c.Unread = q.last, q.last+1, q.unread+len(q.prefetch)
	c.Renamed = q.renamed
	c.Events, c.Bytes = q.backlog.Events, q.backlog.Bytes
	c.State, c.Since, c.Why, c.Entry = q.state.Name, q.state.Since, q.state.Why, q.state.Entry
	if len(q.prefetch) > 0 {
		c.Next, c.More, c.Oldest = q.prefetch[0].Number, PackPlace(q.prefetch[0].Place), q.prefetch[0].AcceptedAt
	} else if q.unread > 0 {
		c.Next, c.More, c.Oldest = q.readPosition.Seq, PackPlace(q.readPosition.Place), q.readPosition.At
	}
	for _, s := range q.startedSeqs {
		c.Skip = append(c.Skip, [2]history.Seq{s.From, s.To})
	}
	for _, h := range q.segmentRefs {
		c.Holds = append(c.Holds, [3]uint64{uint64(h.From), uint64(h.To), uint64(h.N)})
	}
	mono := q.set.now()
	wall := func(at clock.Mono) int64 { return now.Add(at.Sub(mono)).UnixMilli() }
	add := func(it *Item, due clock.Mono, t *attemptState) {
		p, since, until := it.Place, int64(0), int64(0)
		if t.throttled {
			since, until = wall(t.since), wall(t.until)
		}
		c.Waits = append(c.Waits, waitCursor{
			int64(it.Number), int64(it.Of), int64(p.Segment), int64(p.Offset), int64(p.Length), it.AcceptedAt, wall(max(due, mono)),
			int64(t.attempts), 0, since, until, wall(t.last), wall(t.back),
		})
	}
	if q.lapse.expiry < never {
		c.Expiry = now.Add(max(q.lapse.expiry.Sub(mono), 0)).UnixMilli()
	}
	// What stands behind another one of its key finds its line again.
	q.eachWait(func(w *scheduled) { add(&w.Item, w.due, &w.attemptState) })
	// A crash ends what is in flight: it is made again, at once.
	for _, l := range q.inFlight {
		if l.moved != nil {
			continue // it waits under its new name
		}
		add(&l.Item, mono, &l.attemptState)
	}
	return c, true
}

// restore is the opposite of cursor. What was to wait waits no longer than it
// was to when the cursors were written, wherever the clock went since.
func (q *Queue) restore(c *Checkpoint, written, now time.Time) {
	q.last, q.unread, q.renamed = c.Last, c.Unread, c.Renamed
	q.readPosition = Mark{c.Next, UnpackPlace(c.More), c.Oldest}
	for _, x := range c.Skip {
		q.startedSeqs = append(q.startedSeqs, seqset.Span[history.Seq]{From: x[0], To: x[1]})
	}
	for _, h := range c.Holds {
		q.segmentRefs = append(q.segmentRefs, seqset.Count{From: history.Seq(h[0]), To: history.Seq(h[1]), N: int(h[2])})
	}
	q.backlog.Events, q.backlog.Bytes = c.Events, c.Bytes
	q.state = history.WebhookState{Name: c.State, Since: c.Since, Why: c.Why, Entry: c.Entry}
	q.streak.Restore(c.Row)
	if c.Expiry != 0 {
		q.lapse.expiry = q.set.now().Add(remaining(time.UnixMilli(c.Expiry), written, now))
	}
	s := q.set
	for _, w := range c.Waits {
		since, until, last, back := time.UnixMilli(w[9]), time.UnixMilli(w[10]), time.UnixMilli(w[11]), time.UnixMilli(w[12])
		q.scheduled = append(q.scheduled, scheduled{
			Item: Item{
				Number: history.Seq(w[0]), Of: history.Seq(w[1]), AcceptedAt: w[5],
				Place: history.Location{Segment: uint64(w[2]), Offset: uint32(w[3]), Length: uint32(w[4])},
			},
			due: s.now().Add(remaining(time.UnixMilli(w[6]), written, now)),
			attemptState: attemptState{
				attempts: int(w[7] - w[8]), throttled: w[9] != 0,
				since: s.ago(since, now), until: s.now().Add(remaining(until, written, now)),
				last: s.ago(last, now), back: s.now().Add(remaining(back, written, now)),
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
func (s *Set) ago(at, now time.Time) clock.Mono { return s.now().Add(-max(0, now.Sub(at))) }
