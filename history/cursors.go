package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"sidehook/history/segment"
)

// The files of the cursors. Both generations are only ever replaced by rename.
const (
	cursorsFile  = "cursors.json"
	previousFile = "cursors.previous.json"
)

// cursors are where each webhook stands, so that a start reads what came after
// them and not the whole history. They are a hint: they never say more than
// synced lines say, and without them a start costs a scan.
//
// What they say is brought up to date by the events behind Events and the
// deliveries behind Deliveries. To make that exact, write takes Deliveries
// first, then Events, then each queue: all that happened to a queue after its
// part was taken stands behind both.
type cursors struct {
	Version    int               `json:"version"`
	At         time.Time         `json:"at"`
	Stopped    bool              `json:"stopped,omitempty"` // after them nothing was written
	Generation uint64            `json:"generation"`        // of the configuration in force
	Hash       string            `json:"hash"`              // of that configuration
	Events     position          `json:"events"`
	Spoken     uint64            `json:"spoken"` // a seq of this or below was given away, though its record may be damaged
	Deliveries position          `json:"deliveries"`
	Steps      [][2]int64        `json:"steps,omitempty"` // of the wall clock: ahead of which seq, by how many ns
	Webhooks   map[string]cursor `json:"webhooks"`
	// Rows are those of the webhooks of which nothing else is to be told.
	Rows map[string]*rowCursor `json:"rows,omitempty"`
}

type position struct {
	Number uint64    `json:"number"`
	Batch  uint64    `json:"batch"`
	Place  [3]uint64 `json:"place"` // segment, offset, length
}

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

const cursorsVersion = 2

func packPlace(p segment.Place) [3]uint64 {
	return [3]uint64{p.Segment, uint64(p.Offset), uint64(p.Length)}
}

func unpackPlace(p [3]uint64) segment.Place {
	return segment.Place{Segment: p[0], Offset: uint32(p[1]), Length: uint32(p[2])}
}

func packPosition(p segment.Position) position {
	return position{p.Number, p.Batch, packPlace(p.Last)}
}

func (p position) unpack() segment.Position {
	return segment.Position{Number: p.Number, Batch: p.Batch, Last: unpackPlace(p.Place)}
}

// errWriter says that the outcomes are not written any more.
var errWriter = errors.New("the writer has ended")

// saveCursors writes the cursors if anything was written since they last were.
func (j *Journal) saveCursors() error {
	now := j.clock.check()
	deliveries := j.outcomes.position()
	j.mu.Lock()
	events := j.published
	c := cursors{
		Version: cursorsVersion, At: now, Stopped: j.last, Generation: j.generation, Hash: j.hash,
		Events: packPosition(events), Spoken: max(j.spoken, events.Number), Deliveries: packPosition(deliveries),
		Webhooks: map[string]cursor{}, Rows: map[string]*rowCursor{},
	}
	steps := j.clock.steps.Load()
	stale := steps != j.savedSteps || j.saved.Generation != c.Generation || j.saved.Hash != c.Hash ||
		j.saved.Events != c.Events || j.saved.Deliveries != c.Deliveries ||
		!j.saved.At.IsZero() && now.Sub(j.saved.At).Abs() >= cursorsAge
	queues := j.queueList()
	j.mu.Unlock()
	if !stale {
		return nil
	}
	for _, q := range queues {
		if x, ok := q.cursor(c.At, events.Number); ok {
			c.Webhooks[q.name] = x
			c.Spoken = max(c.Spoken, x.Last) // what was published meanwhile was synced, too
		} else if x.Row != nil {
			c.Rows[q.name] = x.Row
		}
	}
	for _, s := range steps.list {
		c.Steps = append(c.Steps, [2]int64{int64(s.seq), int64(s.by)})
	}
	// They may say no more than lines that are synced.
	switch err := j.outcomes.flush(); {
	case errors.Is(err, ErrNoRoom):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errWriter, err)
	}
	size, err := writeCursors(j.fs, &c)
	if err != nil {
		return err
	}
	j.retention.grew(max(0, size-j.savedSize))
	j.saved, j.savedSteps, j.savedSize = c, steps, size
	j.saved.Webhooks, j.saved.Rows = nil, nil
	return nil
}

// writeCursors returns how many bytes they have.
func writeCursors(fsys segment.FS, c *cursors) (size int64, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	text = segment.Seal(text[:len(text)-1])
	switch err := segment.Rename(fsys, cursorsFile, previousFile); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
		// A folder has their name, which ReplaceFile moves.
	default:
		return 0, fmt.Errorf("keep the cursors before: %w", err)
	}
	return int64(len(text)), segment.ReplaceFile(fsys, cursorsFile, text)
}

// cursor is where the queue stands. It is false for one that a start without it
// would find as it is, but for its row: nothing waits, and nothing behind
// published was for it.
func (q *Queue) cursor(now time.Time, published uint64) (cursor, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := cursor{Row: q.row.cursor(now, time.Duration(q.journal.retention.keep.Load()))}
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
	mono := q.journal.now()
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
	for _, s := range c.Skip {
		q.skip = append(q.skip, span{s[0], s[1]})
	}
	for _, h := range c.Holds {
		q.holds = append(q.holds, hold{h[0], h[1], int(h[2])})
	}
	q.backlog.Events, q.backlog.Bytes = c.Events, c.Bytes
	q.state = State{c.State, c.Since, c.Why, c.Entry}
	q.row.restore(c.Row)
	if c.Expiry != 0 {
		q.lapse.expiry = q.journal.now() + remaining(time.UnixMilli(c.Expiry), written, now)
	}
	j := q.journal
	for _, w := range c.Waits {
		since, until, last, back := time.UnixMilli(w[9]), time.UnixMilli(w[10]), time.UnixMilli(w[11]), time.UnixMilli(w[12])
		q.waits = append(q.waits, wait{
			item: item{
				seq: uint64(w[0]), of: uint64(w[1]), accepted: w[5],
				place: segment.Place{Segment: uint64(w[2]), Offset: uint32(w[3]), Length: uint32(w[4])},
			},
			due: j.now() + remaining(time.UnixMilli(w[6]), written, now),
			tries: tries{
				attempts: int(w[7] - w[8]), throttled: w[9] != 0,
				since: j.ago(since, now), until: j.now() + remaining(until, written, now),
				last: j.ago(last, now), back: j.now() + remaining(back, written, now),
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
func (j *Journal) ago(at, now time.Time) time.Duration { return j.now() - max(0, now.Sub(at)) }

// loadCursors reads the newest cursors that hold. It is nil if none do.
func loadCursors(fsys segment.FS) (_ *cursors, problem error) {
	for _, name := range [...]string{cursorsFile, previousFile} {
		text, err := readFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		body, ok := segment.Sealed(text)
		if !ok {
			problem = errors.Join(problem, fmt.Errorf("%s is damaged", name))
			continue
		}
		c := new(cursors)
		switch err := json.Unmarshal(append(body, '}'), c); {
		case err != nil:
			problem = errors.Join(problem, fmt.Errorf("read %s: %w", name, err))
		case c.Version != cursorsVersion:
			problem = errors.Join(problem, fmt.Errorf("%s is of version %d, and this sidehook knows %d only", name, c.Version, cursorsVersion))
		default:
			return c, problem
		}
	}
	return nil, problem
}
