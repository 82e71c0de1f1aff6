package journal

import (
	"bytes"
	"iter"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// configs knows which configurations have a line in the segment being written. Each segment
// has a line for every configuration that its attempts were made under, so that it can be
// read without the others. If a former process began the segment, its lines are read when
// the first configuration is added, so that no start waits for that.
type configs struct {
	archive *segment.Archive
	segment uint64 // the segment that known is about; 0: none yet
	known   map[history.ConfigKey]bool
	pending []history.ConfigKey // in the batch that is not written yet
}

// add reports whether the segment lacks the line of a configuration, which is then
// to be written.
func (c *configs) add(segment uint64, key history.ConfigKey) bool {
	if segment != c.segment {
		c.segment, c.known, c.pending = segment, map[history.ConfigKey]bool{}, nil
		c.load()
	}
	if c.known[key] {
		return false
	}
	c.known[key] = true
	c.pending = append(c.pending, key)
	return true
}

// load reads which lines the segment has. A line that cannot be read is written again,
// which does no harm.
func (c *configs) load() {
	_ = lookup.VisitLines(c.archive, c.segment, func(line *jsonl.Line) bool {
		if key, ok := history.ConfigIn(line); ok {
			c.known[key] = true
		}
		return true
	})
}

// written tells that the batch is in the file.
func (c *configs) written() { c.pending = nil }

// dropped tells that it is not.
func (c *configs) dropped() {
	for _, key := range c.pending {
		delete(c.known, key)
	}
	c.pending = nil
}

// configsToPrepend returns the fields of the config lines that moved lacks and before
// has. After a crash moved are the lines that recovery writes into a segment of
// their own, out of the segment before.
func configsToPrepend(before, moved iter.Seq[*jsonl.Line]) (fields [][]byte) {
	known, missing := map[history.ConfigKey]bool{}, map[history.ConfigKey]bool{}
	for line := range moved {
		if key, ok := history.ConfigIn(line); ok {
			known[key] = true
		} else if d := history.ParseDeliveryRecord(line); d.Kind == history.KindAttempt {
			if key := (history.ConfigKey{Webhook: d.Webhook, Generation: d.Generation}); !known[key] {
				missing[key] = true
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for line := range before {
		if key, ok := history.ConfigIn(line); ok && missing[key] {
			fields = append(fields, bytes.Clone(line.Fields()))
			delete(missing, key)
		}
	}
	return fields
}
