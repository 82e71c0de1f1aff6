package journal

import (
	"bytes"
	"iter"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// configs are the config lines that stand in the segment being written, each of
// them once. Those of a segment that a process before has begun are read from it
// when first one is asked for, so that no start waits for that.
type configs struct {
	archive *segment.Archive
	segment uint64 // that the others are about; 0 before the first
	stand   map[history.ConfigKey]bool
	added   []history.ConfigKey // in the batch that is not written yet
}

// lacks reports whether the segment has no such line. If so, it is added now.
func (c *configs) lacks(segment uint64, line history.ConfigKey) bool {
	if segment != c.segment {
		c.segment, c.stand, c.added = segment, map[history.ConfigKey]bool{}, nil
		c.recall()
	}
	if c.stand[line] {
		return false
	}
	c.stand[line] = true
	c.added = append(c.added, line)
	return true
}

// recall reads the lines that stand. What cannot be read is written again, which
// does no harm.
func (c *configs) recall() {
	_ = lookup.VisitLines(c.archive, c.segment, func(line *jsonl.Line) bool {
		if under, ok := history.ConfigIn(line); ok {
			c.stand[under] = true
		}
		return true
	})
}

// written says that the batch is in the file.
func (c *configs) written() { c.added = nil }

// dropped says that it is not.
func (c *configs) dropped() {
	for _, line := range c.added {
		delete(c.stand, line)
	}
	c.added = nil
}

// configsAhead are the config lines that the attempts need which a crash moves into
// a segment of their own: the fields of those in the segment that they stood in.
func configsAhead(before, moved iter.Seq[*jsonl.Line]) (fields [][]byte) {
	stand, missing := map[history.ConfigKey]bool{}, map[history.ConfigKey]bool{}
	for line := range moved {
		if under, ok := history.ConfigIn(line); ok {
			stand[under] = true
		} else if o := history.ParseDeliveryRecord(line); o.Kind == history.KindAttempt && !stand[history.ConfigKey{Webhook: o.Webhook, Generation: o.Generation}] {
			missing[history.ConfigKey{Webhook: o.Webhook, Generation: o.Generation}] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for line := range before {
		if under, ok := history.ConfigIn(line); ok && missing[under] {
			fields = append(fields, bytes.Clone(line.Fields()))
			delete(missing, under)
		}
	}
	return fields
}
