package journal

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
)

// finished is a segment that is not written any more.
type finished struct {
	stream      segment.Stream
	seqset.Span // the numbers that it holds
	bytes       int64
	last        time.Time // of its last record; zero if it has no good one
}

// removalPlan are the segments that are to go.
type removalPlan struct {
	segments []finished
	bytes    int64
	before   map[segment.Stream]seqset.Set // what was removed without them
}

func (g *removalPlan) any() bool { return len(g.segments) > 0 }

func (g *removalPlan) has(stream segment.Stream) bool {
	return slices.ContainsFunc(g.segments, func(f finished) bool { return f.stream == stream })
}

// choosing is one choice. Segments of the events are claimed as they are
// chosen, so that no resend comes to point into them.
type choosing struct {
	*Journal
	removalPlan
	events, deliveries []finished
	held               seqset.Set // seqs that some queue holds
	unread             error      // why a segment could not be looked at: it stays, and the others go
}

// choose says which segments go: those that are older than keep, and, while
// the folder is too large for so many bytes more, the oldest. The caller
// removes them or releases them. Beside them unread is why one that may have to go
// could not be looked at.
func (j *Journal) choose(ctx context.Context, now sizes, bytes int64) (_ *removalPlan, unread, err error) {
	c := &choosing{Journal: j}
	keep, limit := time.Duration(j.retention.keep.Load()), j.retention.limit.Load()
	if bytes > softLimit(limit) {
		bytes = 0 // they would not fit if all were removed
	}
	over := limit > 0 && now.total+bytes > softLimit(limit)
	if keep == 0 && !over {
		return &c.removalPlan, nil, nil
	}
	c.before = j.retention.copyRemoved()
	c.events = c.finished(j.events, segment.Events, now)
	c.deliveries = c.finished(j.delivered, segment.Deliveries, now)
	if err := c.run(ctx, keep, limit, now.total+bytes); err != nil {
		j.retention.release(&c.removalPlan)
		return &removalPlan{}, nil, err
	}
	return &c.removalPlan, c.unread, nil
}

// skip remembers why a segment stays.
func (c *choosing) skip(err error) {
	if c.unread == nil {
		c.unread = err
	}
}

func (c *choosing) run(ctx context.Context, keep time.Duration, limit, total int64) error {
	for _, q := range c.Queues() {
		for _, s := range q.References() {
			c.held.AddSpan(s)
		}
	}
	old := func(f *finished) bool {
		return keep > 0 && !f.last.IsZero() && c.retention.keeping.ages.Of(f.last) > keep
	}
	// The deliveries come second: they wait for the events that they speak of.
	for c.takeEvents(old) {
	}
	for c.takeDeliveries(old) && ctx.Err() == nil {
	}
	for limit > 0 && total-c.bytes > softLimit(limit) && ctx.Err() == nil {
		free := c.firstDeliveries(func(*finished) bool { return true })
		first := time.Now()
		if free >= 0 {
			first = c.deliveries[free].last
		}
		if c.takeEvents(func(f *finished) bool { return free < 0 || !f.last.After(first) }) {
			continue
		}
		if free >= 0 {
			c.deliveries = c.take(c.deliveries, free)
			continue
		}
		break
	}
	return ctx.Err()
}

// take puts one of the list among those that go.
func (c *choosing) take(list []finished, i int) []finished {
	f := list[i]
	c.segments = append(c.segments, f)
	c.bytes += f.bytes
	return slices.Delete(list, i, i+1)
}

// takeEvents takes the oldest segment of the events that is wanted and may go
// (R1).
func (c *choosing) takeEvents(wanted func(*finished) bool) bool {
	for i := range c.events {
		f := &c.events[i]
		if wanted(f) && !c.held.Touches(f.Span) && c.claim(f.Span) {
			c.events = c.take(c.events, i)
			return true
		}
	}
	return false
}

// claim marks a segment of the events as removed, unless it has come to be
// held since.
func (c *choosing) claim(s seqset.Span) bool {
	r := c.retention
	r.mu.Lock()
	defer r.mu.Unlock()
	// A resend is pinned before its queue holds it, and the other way round
	// when the pin goes: so the pins are looked at first.
	for seq := range r.pins {
		if s.From <= seq && seq <= s.To {
			return false
		}
	}
	for _, q := range c.Queues() {
		if q.RefersTo(s) {
			return false
		}
	}
	r.add(segment.Events, s)
	return true
}

func (c *choosing) takeDeliveries(wanted func(*finished) bool) bool {
	i := c.firstDeliveries(wanted)
	if i < 0 {
		return false
	}
	c.deliveries = c.take(c.deliveries, i)
	return true
}

// firstDeliveries is the oldest segment of the deliveries that is wanted and
// may go (R2), or negative.
func (c *choosing) firstDeliveries(wanted func(*finished) bool) int {
	for i := range c.deliveries {
		f := &c.deliveries[i]
		if !wanted(f) {
			continue
		}
		speaks, err := c.refersToKept(f.From)
		if err != nil {
			c.skip(err)
			continue
		}
		if !speaks {
			return i
		}
	}
	return -1
}

// finished are the segments of a stream that can be read, but the one being
// written (R4).
func (c *choosing) finished(archive *segment.Archive, stream segment.Stream, now sizes) []finished {
	firsts := archive.Segments()
	times := c.retention.keeping.times[stream]
	var list []finished
	for i := range len(firsts) - 1 {
		first := firsts[i]
		at, known := times[first]
		if !known {
			line, err := archive.Last(first)
			if err != nil && !errors.Is(err, jsonl.ErrNotFound) && !errors.Is(err, fs.ErrNotExist) {
				c.skip(err)
				continue
			}
			if err == nil {
				at = line.At()
			}
			times[first] = at
		}
		list = append(list, finished{stream, seqset.Span{From: first, To: firsts[i+1] - 1}, now.of[stream][first], at})
	}
	return list
}
