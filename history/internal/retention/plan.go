package retention

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
)

// finished is a segment that is not written any more.
type finished struct {
	stream              segment.Stream
	seqset.Span[uint64] // the numbers of its lines
	bytes               int64
	last                time.Time // of its last good line; zero if it has none
}

// plan is the segments that are to be removed.
type plan struct {
	segments []finished
	bytes    int64
	durable  map[segment.Stream]seqset.Set[uint64] // the numbers that are removed already
}

func (p *plan) has(stream segment.Stream) bool {
	return slices.ContainsFunc(p.segments, func(f finished) bool { return f.stream == stream })
}

// planner makes a plan. When it plans to remove a segment of events it marks it as removed
// at once, so that no new resend refers to it.
type planner struct {
	*Keeper
	plan
	events, deliveries []finished
	referenced         seqset.Set[uint64] // seqs that pending deliveries need
	unread             error              // the first error of a segment that could not be read, and so stays
}

// plan returns which segments are to be removed: those that are older than keep,
// and the oldest ones while the folder is too large for so many bytes more. The
// caller removes or releases them. unread is why a segment that may have to be
// removed could not be read.
func (k *Keeper) plan(ctx context.Context, now sizes, bytes int64) (_ *plan, unread, err error) {
	c := &planner{Keeper: k}
	keep, limit := time.Duration(k.keep.Load()), k.limit.Load()
	if bytes > softLimit(limit) {
		bytes = 0 // there would be no room for them in an empty folder
	}
	over := limit > 0 && now.total+bytes > softLimit(limit)
	if keep == 0 && !over {
		return &c.plan, nil, nil
	}
	c.durable = k.copyRemoved()
	c.events = c.finished(k.look.events, segment.Events, now)
	c.deliveries = c.finished(k.look.deliveries, segment.Deliveries, now)
	if err := c.run(ctx, keep, limit, now.total+bytes); err != nil {
		k.release(&c.plan)
		return &plan{}, nil, err
	}
	return &c.plan, c.unread, nil
}

// skip notes why a segment stays. The first reason counts.
func (c *planner) skip(err error) {
	if c.unread == nil {
		c.unread = err
	}
}

func (c *planner) run(ctx context.Context, keep time.Duration, limit, total int64) error {
	for _, s := range c.Pending.References() {
		c.referenced.AddSpan(seqset.Span[uint64]{From: uint64(s.From), To: uint64(s.To)})
	}
	old := func(f *finished) bool {
		return keep > 0 && !f.last.IsZero() && c.look.ages.of(f.last) > keep
	}
	for c.takeEvents(old) {
	}
	for c.takeDeliveries(old) && ctx.Err() == nil {
	}
	anyAge := func(*finished) bool { return true }
	for limit > 0 && total-c.bytes > softLimit(limit) && ctx.Err() == nil {
		i := c.firstDeliveries(anyAge)
		notLater := anyAge
		if i >= 0 {
			last := c.deliveries[i].last
			notLater = func(f *finished) bool { return !f.last.After(last) }
		}
		if c.takeEvents(notLater) {
			continue
		}
		if i < 0 {
			break
		}
		c.deliveries = c.take(c.deliveries, i)
	}
	return ctx.Err()
}

// take moves a segment from the list to the plan.
func (c *planner) take(list []finished, i int) []finished {
	f := list[i]
	c.segments = append(c.segments, f)
	c.bytes += f.bytes
	return slices.Delete(list, i, i+1)
}

// takeEvents takes the oldest segment of the events that must go and may go (R1).
func (c *planner) takeEvents(must func(*finished) bool) bool {
	for i := range c.events {
		f := &c.events[i]
		if must(f) && !c.referenced.Touches(f.Span) && c.claim(f.Span) {
			c.events = c.take(c.events, i)
			return true
		}
	}
	return false
}

// claim marks a segment of the events as removed, unless a resend or a delivery has come
// to need it.
func (c *planner) claim(s seqset.Span[uint64]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A resend is pinned before its queue refers to it, and unpinned after that:
	// so the pins must be checked first.
	seqs := seqset.Span[history.Seq]{From: history.Seq(s.From), To: history.Seq(s.To)}
	for seq := range c.pins {
		if seqs.From <= seq && seq <= seqs.To {
			return false
		}
	}
	if c.Pending.RefersTo(seqs) {
		return false
	}
	c.markLocked(segment.Events, s)
	return true
}

func (c *planner) takeDeliveries(must func(*finished) bool) bool {
	i := c.firstDeliveries(must)
	if i < 0 {
		return false
	}
	c.deliveries = c.take(c.deliveries, i)
	return true
}

// firstDeliveries returns the index of the oldest segment of the deliveries that
// must go and may go (R2), -1 if there is none.
func (c *planner) firstDeliveries(must func(*finished) bool) int {
	for i := range c.deliveries {
		f := &c.deliveries[i]
		if !must(f) {
			continue
		}
		refers, err := c.refersToKept(f.From)
		if err != nil {
			c.skip(err)
			continue
		}
		if !refers {
			return i
		}
	}
	return -1
}

// finished returns the segments of a stream that can be read, without the one
// being written (R4).
func (c *planner) finished(archive *segment.Archive, stream segment.Stream, now sizes) []finished {
	firsts := archive.Segments()
	times := c.look.times[stream]
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
		list = append(list, finished{stream, seqset.Span[uint64]{From: first, To: firsts[i+1] - 1}, now.of[stream][first], at})
	}
	return list
}
