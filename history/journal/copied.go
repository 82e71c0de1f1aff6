package journal

import (
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
)

// What follows is for a copy of the folder that was taken file by file while the
// history was written, rotated and tidied: its files are not of one moment.

// checkpointOlderThanRemoval reports whether cursors are of before a removal: a delivery that they
// say has not ended holds a segment that is removed (R1). Only a copy of the
// folder has such ones, taken while it was tidied.
func (r *recovery) checkpointOlderThanRemoval(c *files.Checkpoint) bool {
	removed := r.retention.removed[segment.Events]
	for _, x := range c.Webhooks {
		for _, h := range x.Holds {
			if removed.Touches(seqset.Span{From: h[0], To: h[1]}) {
				return true
			}
		}
	}
	return false
}

// absent drops the deliveries of events behind the last one there is. In a copy
// of the folder the deliveries may be younger than the events, and speak of
// events that were accepted while it was taken. Their numbers are not used
// again. A line of the events that is there and damaged is no such event.
func (r *recovery) absent(events *segment.Recovered) {
	last := events.Writer.Position().Number
	if r.highestSeq <= last || len(events.Damage) > 0 {
		return
	}
	r.log.Warn("the deliveries speak of events behind the last one that there is: the folder is a copy that was taken meanwhile, or the disk has lost them",
		"from_seq", last+1, "to_seq", r.highestSeq)
	r.replay.Drop(last)
}

// restoreRemoved unmarks deliveries that stand and speak of events that stand as well:
// no removal gets that far (R2). In a copy of the folder that was taken
// meanwhile, the list of the removed deliveries may be younger than that of the
// events. What is taken back is chosen again.
func (j *Journal) restoreRemoved() error {
	removed := j.retention.removedOf(segment.Deliveries)
	if len(removed) == 0 {
		return nil
	}
	events, err := segment.NewArchive(j.fs, segment.Events)
	if err != nil {
		return err
	}
	deliveries, err := segment.NewArchive(j.fs, segment.Deliveries)
	if err != nil {
		return err
	}
	defer deliveries.Close() // only read from
	gone := j.retention.removedOf(segment.Events)
	for _, first := range deliveries.Segments() {
		if !removed.Has(first) {
			continue
		}
		last, speaks := first, false
		err := deliveries.Visit(first, 0, j.reportCorruption, func(line *jsonl.Line) bool {
			seq := seqOf(line)
			speaks = speaks || seq != 0 && events.SegmentOf(seq) != 0 && !gone.Has(seq)
			last = max(last, line.Number)
			return true
		})
		if err != nil {
			return err
		}
		if speaks {
			removed = removed.Without(seqset.Span{From: first, To: last})
		}
	}
	j.retention.removed[segment.Deliveries] = removed
	return nil
}
