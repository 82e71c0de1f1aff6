package journal

import (
	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
)

// What follows is for a copy of the folder that was taken file by file while the
// history was written, rotated and tidied: its files are not of one moment.

// checkpointOlderThanRemoval reports whether cursors are of before a removal: a delivery that they
// say has not ended holds a segment that is removed (R1). Only a copy of the
// folder has such ones, taken while it was tidied.
func (r *recovery) checkpointOlderThanRemoval(c *files.Checkpoint) bool {
	removed := r.retention.Removed(segment.Events)
	for _, x := range c.Webhooks {
		for _, h := range x.Holds {
			if removed.Touches(seqset.Span[uint64]{From: h[0], To: h[1]}) {
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
	last := history.Seq(events.Writer.Position().Number)
	if r.highestSeq <= last || len(events.Damage) > 0 {
		return
	}
	r.log.Warn("the deliveries speak of events behind the last one that there is: the folder is a copy that was taken meanwhile, or the disk has lost them",
		"from_seq", last+1, "to_seq", r.highestSeq)
	r.replay.Drop(last)
}
