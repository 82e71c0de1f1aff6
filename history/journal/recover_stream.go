package journal

import (
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
)

// recover opens a stream, and logs what a crash has done to it. Records up to the
// number proven were given away, though their lines may be damaged.
func (r *recovery) recover(stream segment.Stream, known files.Position, proven uint64) (*segment.Recovered, error) {
	opts := segment.Options{Limit: r.opts.SegmentSize, Known: known.Unpack(), Stopped: r.stopped, Proven: proven}
	if stream == segment.Deliveries {
		opts.Prepend = configsToPrepend
	}
	found, err := segment.Recover(r.fs, stream, opts)
	if vfs.NoRoom(err) && upkeep.DropIndexes(r.fs) {
		// The history itself may fill the volume; then only a start can make room.
		found, err = segment.Recover(r.fs, stream, opts)
	}
	if vfs.NoRoom(err) {
		// The lines may be in the page cache only. Without writing them anew, events
		// would be delivered that the next start may not find.
		return nil, fmt.Errorf("%w: lines that a crash left unsynced must be written again first; free some space on the volume of history.dir", err)
	}
	if err != nil {
		return nil, err
	}
	// After an unclean stop the checkpoint may be newer than the segments: in a copy
	// of the folder.
	lost := r.stopped && found.Last < known.Number
	switch {
	case lost && found.Cut > 0:
		r.lines.Add(1)
		r.log.Error("cut off a damaged line at the end of the history, which had been synced; it is kept in NAME.torn",
			"stream", stream.Name, "bytes", found.Cut)
	case found.Cut > 0:
		r.log.Warn("cut off a line that a crash left incomplete, and that was never acknowledged; it is kept in NAME.torn",
			"stream", stream.Name, "bytes", found.Cut)
	}
	if lost {
		r.log.Error("synced lines are missing at the end of the history: the disk has lost them, or somebody has changed the files",
			"stream", stream.Name, "from_"+stream.Key, found.Last+1, "to_"+stream.Key, known.Number)
	}
	return found, nil
}

// since visits all records after a position. It reports missing ones: somebody has removed
// segments. It does not read the records before the position. If one of them is missing, a
// queue that needs it reports that, and so does a check.
func (r *recovery) since(stream segment.Stream, found *segment.Recovered, from files.Position, visit func(*jsonl.Line)) error {
	last, damaged := from.Number, false
	skipped := func(d *segment.Damage) {
		damaged = true
		r.reportCorruption(d)
	}
	return r.walk(found.Archive, from.Unpack().Last, skipped, func(line *jsonl.Line) bool {
		if line.Number > last+1 && !damaged {
			r.reportGap(stream, seqset.Span[uint64]{From: last + 1, To: line.Number - 1})
		}
		last, damaged = line.Number, false
		visit(line)
		return true
	})
}

// reportGap logs which numbers are missing, without those that retention has removed.
func (r *recovery) reportGap(stream segment.Stream, gap seqset.Span[uint64]) {
	for _, s := range r.retention.Removed(stream).Outside(gap) {
		r.log.Error("segments are missing from the history: the disk has lost them, or somebody has removed them",
			"stream", stream.Name, "from_"+stream.Key, s.From, "to_"+stream.Key, s.To)
	}
}

// walk visits all records after the one at a location until visit returns false, and
// calls damaged with each damaged line. The zero location is before the first record.
func (j *Journal) walk(archive *segment.Archive, after jsonl.Location, damaged func(*segment.Damage), visit func(*jsonl.Line) bool) error {
	more := true
	for _, first := range archive.Segments() {
		if first < after.Segment {
			continue
		}
		offset := int64(0)
		if first == after.Segment {
			offset = after.End()
		}
		err := archive.Visit(first, offset, damaged, func(line *jsonl.Line) bool {
			more = visit(line)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// The functions below are for a copy of the folder that was made file by file while the
// journal ran, so that its files are of different moments. Package retention has another
// one (restoreRemoved).

// checkpointOlderThanRemoval reports whether a checkpoint was made before the last
// removal: one of its pending deliveries refers to a removed segment. By R1 this happens
// only in a copy of the folder.
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

// dropLostEvents drops the deliveries of events that are missing at the end: in a copy the
// deliveries may be newer than the events. Their numbers are not used again. An event whose
// line exists but is damaged is not lost.
func (r *recovery) dropLostEvents(events *segment.Recovered) {
	last := history.Seq(events.Writer.Position().Number)
	if r.highestSeq <= last || len(events.Damage) > 0 {
		return
	}
	r.log.Warn("the deliveries refer to events after the last one that there is: the folder is a copy that was made meanwhile, or the disk has lost the events",
		"from_seq", last+1, "to_seq", r.highestSeq)
	r.replay.Drop(last)
}
