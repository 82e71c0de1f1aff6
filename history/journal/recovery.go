package journal

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/queue"
)

// recovery brings a journal to where the former process was. It reads the
// checkpoint, then the deliveries since, then the events since. Without a
// checkpoint the same steps begin at the first line of each stream; one chunk of a
// segment at a time is in memory.
type recovery struct {
	*Journal
	opts Options

	replay     *queue.Replay
	highestSeq history.Seq // that the deliveries refer to
	// When the last line of each stream was written.
	lastDelivery, lastEvent time.Time
}

func (r *recovery) run() error {
	now := r.clock.Wall()
	c, problem := files.LoadCheckpoint(r.fs)
	if problem != nil {
		r.log.Warn("cannot use the latest checkpoint", "error", problem)
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
		c = r.discardCheckpoint(c, "the checkpoint is older than the last removal from the history, as in a copy that was made meanwhile")
	}
	var events *segment.Recovered
	for {
		r.restoreQueues(c, now)
		if err := r.since(segment.Deliveries, deliveries, c.Deliveries, r.delivery); err != nil {
			return err
		}
		if events == nil {
			// The deliveries come first: an event that they refer to was synced.
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
	segmentSize := func() int64 { return r.retention.SegmentSize(r.opts.SegmentSize) }
	r.commits = newCommitter(r.Journal, events.Writer, segmentSize, r.opts.Committed)
	r.outcomes = newOutcomes(r.Journal, deliveries.Writer, segmentSize)
	if err := r.subtractEnded(); err != nil {
		return err
	}
	if err := r.since(segment.Events, events, c.Events, r.event); err != nil {
		return err
	}
	r.dropLostEvents(events)
	r.replay.Finish(r.resumeClock(c))
	r.published = events.Writer.Position()
	r.queues.Publish(nil, history.Seq(r.published.Number))
	r.highestReferencedSeq = history.Seq(events.Writer.Next() - 1)
	return r.fillDedupeWindow()
}

// contradiction is why a checkpoint of another history is discarded.
const contradiction = "the checkpoint contradicts the history"

// discardCheckpoint logs why a checkpoint does not fit the segments, and returns the part
// that is still true: the generation, which only counts up, the steps of the clock,
// and the states of webhooks, which a line may override. In a copy of the folder
// there may be no such line (R5).
func (r *recovery) discardCheckpoint(c *files.Checkpoint, why string) *files.Checkpoint {
	r.log.Warn(why + "; reading all of it")
	kept := &files.Checkpoint{Generation: c.Generation, Hash: c.Hash, Steps: c.Steps, Webhooks: map[string]queue.Checkpoint{}}
	for name, x := range c.Webhooks {
		if x.State != "" {
			kept.Webhooks[name] = queue.Checkpoint{State: x.State, Since: x.Since, Why: x.Why, Entry: x.Entry}
		}
	}
	return kept
}

// restoreQueues puts the queues where the checkpoint says.
func (r *recovery) restoreQueues(c *files.Checkpoint, now time.Time) {
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

// delivery replays one line of the deliveries.
func (r *recovery) delivery(line *jsonl.Line) {
	d := history.ParseDeliveryRecord(line)
	r.lastDelivery = d.At
	r.retention.RanAt(d.At)
	r.generation = max(r.generation, d.Generation)
	switch d.Kind {
	case history.KindWebhook:
		r.replay.State(&d)
	case history.KindAttempt:
		r.highestSeq = max(r.highestSeq, d.Seq)
		if !d.Test && !d.Late { // H6
			r.replay.Attempt(&d, r.retention.Removed(segment.Events).Has(uint64(d.Seq)))
		}
	}
}

// event replays one line of the events, after the checkpoint.
func (r *recovery) event(line *jsonl.Line) {
	a := history.ParseEventRecord(line)
	r.lastEvent = a.At
	r.retention.RanAt(a.At)
	r.generation = max(r.generation, a.Generation)
	r.replay.Accepted(&a)
}

// resumeClock tells the clock its former steps and when the last lines were
// written. It reports whether the clock has made another step since.
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

// subtractEnded takes deliveries that have ended since the checkpoint out of the counts of
// their queues, if their size, and the event that a resend points to, are known from the
// record alone. These have ended in the last seconds and are mostly neighbours. Each segment
// is read once at most.
func (r *recovery) subtractEnded() error {
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
