package queue

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/streak"
)

// Checkpoint is one queue. What is prefetched counts as unread.
type Checkpoint struct {
	Last    history.Seq           `json:"last"`
	Next    history.Seq           `json:"next"`
	More    [3]uint64             `json:"more"`
	Oldest  int64                 `json:"oldest,omitempty"` // the acceptance of the oldest unread delivery, in Unix ns; 0 if not known
	Unread  int                   `json:"unread"`
	Renamed history.Seq           `json:"renamed,omitempty"` // records up to this seq may be of older deliveries
	Skip    [][2]history.Seq      `json:"skip,omitempty"`
	Holds   [][3]uint64           `json:"holds,omitempty"` // seqs from and to, how many of them have not ended
	Waits   []scheduledCheckpoint `json:"waits,omitempty"`
	Events  int                   `json:"backlog_events"`
	Bytes   int64                 `json:"backlog_bytes"`
	State   string                `json:"state,omitempty"`
	Since   time.Time             `json:"since,omitzero"`
	Why     string                `json:"why,omitempty"`
	Entry   string                `json:"entry,omitempty"`
	Row     *streak.Checkpoint    `json:"row,omitempty"`
	Expiry  int64                 `json:"expiry,omitempty"` // Unix ms; no expirytime passes before it
}

// scheduledCheckpoint is one scheduled delivery: seq, of, segment, offset, length,
// accepted in Unix ns, due in Unix ms, attempts; how many of these used up no step, in
// versions that numbered all; and, in Unix ms and zero in versions that did not know
// them, throttled since and until, last and originalDue.
type scheduledCheckpoint [13]int64

func PackPlace(p history.Location) [3]uint64 {
	return [3]uint64{p.Segment, uint64(p.Offset), uint64(p.Length)}
}

func UnpackPlace(p [3]uint64) history.Location {
	return history.Location{Segment: p[0], Offset: uint32(p[1]), Length: uint32(p[2])}
}

// Checkpoint returns where the queue stands. It reports false if a start without it
// would find the same, but for the failure streak: nothing is pending, and no event
// after published was for it.
func (q *Queue) Checkpoint(now time.Time, published history.Seq, keep time.Duration) (Checkpoint, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := Checkpoint{Row: q.streak.Checkpoint(now, keep)}
	if q.pendingLocked() == 0 && q.last <= published && q.state == (history.WebhookState{}) {
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
		c.Waits = append(c.Waits, scheduledCheckpoint{
			int64(it.Number), int64(it.Of), int64(p.Segment), int64(p.Offset), int64(p.Length), it.AcceptedAt, wall(max(due, mono)),
			int64(t.attempts), 0, since, until, wall(t.last), wall(t.originalDue),
		})
	}
	if q.expiry.nextTime < never {
		c.Expiry = now.Add(max(q.expiry.nextTime.Sub(mono), 0)).UnixMilli()
	}
	// Those in key queues find them again.
	q.eachScheduledLocked(func(s *scheduled) { add(&s.Item, s.due, &s.attemptState) })
	// A crash ends what is in flight: the attempts are made again, at once.
	for _, l := range q.inFlight {
		if l.moved != nil {
			continue // it goes on under its new name
		}
		add(&l.Item, mono, &l.attemptState)
	}
	return c, true
}

// restore is the opposite of Checkpoint. A delivery waits no longer than it had to when
// the checkpoint was written, whatever the wall clock did since.
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
		q.expiry.nextTime = q.set.future(time.UnixMilli(c.Expiry), written, now)
	}
	s := q.set
	for _, w := range c.Waits {
		since, until, last, due := time.UnixMilli(w[9]), time.UnixMilli(w[10]), time.UnixMilli(w[11]), time.UnixMilli(w[12])
		q.scheduled = append(q.scheduled, scheduled{
			Item: Item{
				Number: history.Seq(w[0]), Of: history.Seq(w[1]), AcceptedAt: w[5],
				Place: history.Location{Segment: uint64(w[2]), Offset: uint32(w[3]), Length: uint32(w[4])},
			},
			due: s.future(time.UnixMilli(w[6]), written, now),
			attemptState: attemptState{
				attempts: int(w[7] - w[8]), throttled: w[9] != 0,
				since: s.past(since, now), until: s.future(until, written, now),
				last: s.past(last, now), originalDue: s.future(due, written, now),
			},
		})
	}
}

// future converts a time of the wall clock, which was written at another, to the clock
// of this process: it comes no later than it was to when it was written.
func (s *Set) future(at, written, now time.Time) clock.Mono {
	return s.now().Add(max(0, min(at.Sub(now), at.Sub(written))))
}

// past converts a time of the wall clock to the clock of this process, and is not in the
// future.
func (s *Set) past(at, now time.Time) clock.Mono { return s.now().Add(-max(0, now.Sub(at))) }
