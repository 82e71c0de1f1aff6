package pending

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/streak"
)

// Checkpoint is the state of one queue. Prefetched deliveries count as unread.
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

// Add adds a delivery that is not in flight at a restart.
func (c *Checkpoint) Add(it *Item, due clock.Mono, a *Attempts, now clock.Instant) {
	at, since, until := it.Location, int64(0), int64(0)
	if a.Throttled {
		since, until = now.Unix(a.Since), now.Unix(a.Until)
	}
	c.Waits = append(c.Waits, scheduledCheckpoint{
		int64(it.Number), int64(it.Of), int64(at.Segment), int64(at.Offset), int64(at.Length), it.AcceptedAt, now.Unix(max(due, now.Mono)),
		int64(a.Count), 0, since, until, now.Unix(a.Last), now.Unix(a.OriginalDue),
	})
}

// Scheduled returns the deliveries that Add added, of a checkpoint that was written at a
// time. A delivery waits no longer than it had to then, whatever the wall clock did since.
func (c *Checkpoint) Scheduled(written time.Time, now clock.Instant) []Scheduled {
	list := make([]Scheduled, 0, len(c.Waits))
	for _, w := range c.Waits {
		past := func(i int) clock.Mono { return now.Past(time.UnixMilli(w[i])) }
		future := func(i int) clock.Mono { return now.Future(time.UnixMilli(w[i]), written) }
		list = append(list, Scheduled{
			Item: Item{
				Number: history.Seq(w[0]), Of: history.Seq(w[1]), AcceptedAt: w[5],
				Location: history.Location{Segment: uint64(w[2]), Offset: uint32(w[3]), Length: uint32(w[4])},
			},
			Due: future(6),
			Attempts: Attempts{
				Count: int(w[7] - w[8]), Throttled: w[9] != 0,
				Since: past(9), Until: future(10), Last: past(11), OriginalDue: future(12),
			},
		})
	}
	return list
}

// SetSets stores which deliveries were started out of order, and what retention must keep.
func (c *Checkpoint) SetSets(started seqset.Set[history.Seq], refs seqset.Counts) {
	for _, s := range started {
		c.Skip = append(c.Skip, [2]history.Seq{s.From, s.To})
	}
	for _, h := range refs {
		c.Holds = append(c.Holds, [3]uint64{uint64(h.From), uint64(h.To), uint64(h.N)})
	}
}

// Sets is the opposite of SetSets.
func (c *Checkpoint) Sets() (started seqset.Set[history.Seq], refs seqset.Counts) {
	for _, x := range c.Skip {
		started = append(started, seqset.Span[history.Seq]{From: x[0], To: x[1]})
	}
	for _, h := range c.Holds {
		refs = append(refs, seqset.Count{From: history.Seq(h[0]), To: history.Seq(h[1]), N: int(h[2])})
	}
	return started, refs
}

// PackLocation returns a location in the form of a checkpoint, and UnpackLocation is its
// opposite.
func PackLocation(p history.Location) [3]uint64 {
	return [3]uint64{p.Segment, uint64(p.Offset), uint64(p.Length)}
}

func UnpackLocation(p [3]uint64) history.Location {
	return history.Location{Segment: p[0], Offset: uint32(p[1]), Length: uint32(p[2])}
}
