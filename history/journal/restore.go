package journal

import (
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
)

// recovery brings a journal to where it was: the cursors, then what the
// deliveries say since, then the events since. Without cursors the same steps
// begin at the first line of each stream, one segment's chunk in memory at a
// time.
type recovery struct {
	*Journal
	opts Options

	replay     *queue.Replay // of the queues
	highestSeq history.Seq   // the highest seq that the deliveries speak of
	// When the last line of each stream was written.
	lastDelivery, lastEvent time.Time
}

func (r *recovery) run() error {
	now := r.clock.Wall()
	c, problem := files.LoadCheckpoint(r.fs)
	if problem != nil {
		r.log.Warn("cannot use the cursors as they are", "error", problem)
	}
	if c == nil {
		c = &files.Checkpoint{}
	}
	r.stopped = c.Stopped
	deliveries, err := r.recover(segment.Deliveries, c.Deliveries, 0)
	if err != nil {
		return err
	}
	r.delivered = deliveries.Archive
	switch {
	case c.Deliveries.Number > 0 && !deliveries.Trusted:
		c = r.discardCheckpoint(c, contradiction)
	case r.checkpointOlderThanRemoval(c):
		c = r.discardCheckpoint(c, "the cursors are older than the last removal from the history, as in a copy that was taken meanwhile")
	}
	var events *segment.Recovered
	for {
		r.adopt(c, now)
		if err := r.since(deliveries, c.Deliveries, r.delivery); err != nil {
			return err
		}
		if events == nil {
			// The deliveries come first: an event that they speak of was synced.
			if events, err = r.recover(segment.Events, c.Events, uint64(max(r.highestSeq, c.Spoken))); err != nil {
				return err
			}
			if c.Events.Number > 0 && !events.Trusted {
				c = r.discardCheckpoint(c, contradiction)
				continue
			}
		}
		break
	}
	r.Journal.events = events.Archive
	r.stopped = r.stopped && deliveries.Clean && events.Clean
	r.retention.Attach(r.Journal.events, r.delivered)
	r.indexer = upkeep.NewIndexer(r.fs, r.log, r.retention)
	size := func() int64 { return r.retention.SegmentSize(r.opts.SegmentSize) }
	r.commits = newCommitter(r.Journal, events.Writer, size, r.opts.Committed)
	r.outcomes = newOutcomes(r.Journal, deliveries.Writer, size)
	if err := r.subtract(); err != nil {
		return err
	}
	if err := r.since(events, c.Events, r.event); err != nil {
		return err
	}
	r.absent(events)
	r.replay.Finish(r.resumeClock(c))
	r.published = events.Writer.Position()
	r.queues.Publish(nil, history.Seq(r.published.Number))
	r.highestReferencedSeq = history.Seq(events.Writer.Next() - 1)
	return r.remember()
}

// contradiction is what cursors of another history come to.
const contradiction = "the cursors contradict the history"

// resumeClock tells the clock of the steps before, and of the last times that
// were written. It reports whether there was another since.
func (r *recovery) resumeClock(c *files.Checkpoint) bool {
	var before []clock.Step
	for _, s := range c.Steps {
		before = append(before, clock.Step{Seq: history.Seq(s[0]), By: time.Duration(s[1])})
	}
	var last []time.Time
	for _, at := range [...]time.Time{c.At, r.lastDelivery, r.lastEvent} {
		if !at.IsZero() {
			last = append(last, at)
		}
	}
	return r.clock.Resume(before, last, history.Seq(r.commits.writer.Next()), r.opts.Keep)
}

// discardCheckpoint says in the log why the cursors are not those of the segments, and
// what is left of them: the generation, which only counts up, what the clock did,
// and the states of webhooks, unless there is a line that says otherwise: in a
// copy it may be that no line does (R5).
func (r *recovery) discardCheckpoint(c *files.Checkpoint, why string) *files.Checkpoint {
	r.log.Warn(why + "; reading all of it")
	left := &files.Checkpoint{Generation: c.Generation, Hash: c.Hash, Steps: c.Steps, Webhooks: map[string]queue.Checkpoint{}}
	for name, x := range c.Webhooks {
		if x.State != "" {
			left.Webhooks[name] = queue.Checkpoint{State: x.State, Since: x.Since, Why: x.Why, Entry: x.Entry}
		}
	}
	return left
}

// adopt puts the queues where the cursors say.
func (r *recovery) adopt(c *files.Checkpoint, now time.Time) {
	r.retention.RanAt(c.At)
	r.generation, r.hash = c.Generation, c.Hash
	r.published = c.Events.Unpack()
	r.replay = r.queues.Replay(now, history.Seq(r.published.Number))
	for name, x := range c.Webhooks {
		r.replay.Checkpoint(name, &x, c.At)
	}
	for name, x := range c.Rows {
		r.replay.Streak(name, x)
	}
}

// recover opens a stream and says in the log what a crash did to it.
func (r *recovery) recover(stream segment.Stream, known files.Position, proven uint64) (*segment.Recovered, error) {
	opts := segment.Options{Limit: r.opts.SegmentSize, Known: known.Unpack(), Stopped: r.stopped, Proven: proven}
	if stream == segment.Deliveries {
		opts.Ahead = configsAhead
	}
	found, err := segment.Recover(r.fs, stream, opts)
	if vfs.NoRoom(err) && upkeep.DropIndexes(r.fs) {
		// The history itself may be what fills the volume: then a start is all that
		// could make room in it.
		found, err = segment.Recover(r.fs, stream, opts)
	}
	if vfs.NoRoom(err) {
		// Delivering from what may be in the page cache alone would deliver what
		// the next start may not find.
		return nil, fmt.Errorf("%w: what a crash left has to be written anew before it is used; free some space on the volume of history.dir", err)
	}
	if err != nil {
		return nil, err
	}
	// Without a clean stop the cursors may be younger than the segments, in a copy
	// of the folder that was taken meanwhile.
	lost := r.stopped && found.Last < known.Number
	switch {
	case lost && found.Cut > 0:
		r.lines.Add(1)
		r.log.Error("cut off a damaged line at the end of the history, which had been synced; it is kept in NAME.torn",
			"stream", stream.Name, "bytes", found.Cut)
	case found.Cut > 0:
		r.log.Warn("cut off what a crash left half-written, never acknowledged; it is kept in NAME.torn",
			"stream", stream.Name, "bytes", found.Cut)
	}
	if lost {
		r.log.Error("lines that had been synced are missing at the end of the history: the disk has lost them, or something has changed the files",
			"stream", stream.Name, "from_"+stream.Key, found.Last+1, "to_"+stream.Key, known.Number)
	}
	return found, nil
}

// since visits all records after a position.
func (r *recovery) since(found *segment.Recovered, from files.Position, visit func(*jsonl.Line)) error {
	return r.walk(found.Archive, from.Unpack().Last, func(line *jsonl.Line) bool {
		visit(line)
		return true
	})
}

// walk visits all records behind the one at a place, until visit is false; the
// zero place is ahead of the first one.
func (j *Journal) walk(archive *segment.Archive, behind jsonl.Location, visit func(*jsonl.Line) bool) error {
	more := true
	for _, first := range archive.Segments() {
		if first < behind.Segment {
			continue
		}
		offset := int64(0)
		if first == behind.Segment {
			offset = behind.End()
		}
		err := archive.Visit(first, offset, j.reportCorruption, func(line *jsonl.Line) bool {
			more = visit(line)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// subtract takes what has ended since the cursors out of what they count, as far
// as only its record says how much that is: its bytes, and the event that a
// resend points to. These are the ends of the last seconds, and mostly neighbours,
// so each segment that has any is read once.
func (r *recovery) subtract() error {
	segments, unmeasured := map[uint64]struct{}{}, r.replay.Unmeasured()
	for seq := range unmeasured {
		segments[r.events.SegmentOf(uint64(seq))] = struct{}{}
	}
	for _, first := range r.events.Segments() {
		if _, ok := segments[first]; !ok {
			continue
		}
		err := r.events.Visit(first, 0, r.reportCorruption, func(line *jsonl.Line) bool {
			if _, ok := unmeasured[history.Seq(line.Number)]; ok {
				a := history.ParseEventRecord(line)
				r.replay.Subtract(&a)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}
