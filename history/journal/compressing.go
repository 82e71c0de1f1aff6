package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/trouble"
)

// compressor puts the compressed form of finished segments in the place of the
// plain one, one at a time and at a small part of a core. What it cannot do
// harms nothing but the size of the folder, so that it is logged and tried
// again later; a folder that cannot be synced ends Run, as ever.
type compressor struct {
	*Journal
	both    map[member]time.Time // since when both forms stand, and are equal
	later   map[member]time.Time // failed: not before that
	trouble trouble.Trouble
}

// member is a segment of a stream.
type member struct {
	stream segment.Stream
	first  uint64
}

const (
	// compressAfter is how long a segment is finished before: the newest are
	// read most, and by other tools.
	compressAfter = time.Hour
	// bothFor is how long both forms stand. A copy of the folder that was begun
	// before, and knows of the plain one only, has to find it.
	bothFor = 10 * time.Minute
	// compressEvery is how often it looks for some.
	compressEvery = time.Minute
	// compressRest is how many times as long as it worked it rests.
	compressRest = 15
)

// run compresses until ctx is done. Its error is a sync that failed.
func (c *compressor) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(compressEvery):
		}
		err := c.pass(ctx)
		switch {
		case errors.Is(err, vfs.ErrUnsynced):
			return err
		case ctx.Err() != nil:
			return nil
		case err != nil:
			c.trouble.Met(c.log, "cannot compress the history, so that it takes more room", err)
		default:
			c.trouble.Over(c.log, "the history can be compressed again")
		}
	}
}

// compressed counts what a pass has done.
type compressed struct {
	segments      int
	before, after int64
}

// pass compresses what is due, and says so in one line.
func (c *compressor) pass(ctx context.Context) error {
	names, err := c.fs.List()
	if err != nil {
		return err
	}
	var errs []error
	var done compressed
	for _, s := range []struct {
		*segment.Archive
		segment.Stream
	}{{c.events, segment.Events}, {c.delivered, segment.Deliveries}} {
		segments := s.Segments()
		for i, first := range segments[:max(0, len(segments)-1)] {
			if _, plain := slices.BinarySearch(names, s.File(first)); !plain {
				continue
			}
			err := c.one(ctx, s.Archive, member{s.Stream, first}, segments[i+1], &done)
			if errors.Is(err, vfs.ErrUnsynced) || ctx.Err() != nil {
				return err
			}
			if err != nil && !lookup.IsGone(err) { // retention has removed it
				c.later[member{s.Stream, first}] = time.Now().Add(compressAfter)
				errs = append(errs, fmt.Errorf("compress %s: %w", s.File(first), err))
			}
		}
		for _, known := range []map[member]time.Time{c.both, c.later} {
			maps.DeleteFunc(known, func(m member, _ time.Time) bool { return m.stream == s.Stream && !s.Has(m.first) })
		}
	}
	if done.segments > 0 {
		c.log.Info("compressed finished segments of the history", "segments", done.segments, "bytes_before", done.before, "bytes_after", done.after)
	}
	return errors.Join(errs...)
}

// one does what is due for a segment that stands plain: next is the one behind
// it.
func (c *compressor) one(ctx context.Context, archive *segment.Archive, m member, next uint64, done *compressed) error {
	since, both := c.both[m]
	if both {
		if time.Since(since) < bothFor && !c.short() {
			return nil
		}
		return c.replace(archive, m)
	}
	if time.Now().Before(c.later[m]) {
		return nil
	}
	if due, err := c.due(archive, m.first, next); err != nil || !due {
		return err
	}
	p := segment.Pack(c.fs, m.stream, m.first)
	begun := time.Now()
	err := p.Write(func() error {
		err := rest(ctx, compressRest*time.Since(begun))
		begun = time.Now()
		return errors.Join(err, files.CheckReserve(c.fs, 0)) // others have taken room meanwhile
	})
	if err != nil {
		return err
	}
	c.retention.grew(p.After)
	c.retention.files.Lock()
	defer c.retention.files.Unlock()
	if !archive.Has(m.first) {
		return p.Discard()
	}
	if err := p.Place(); err != nil {
		return err
	}
	c.both[m] = time.Now()
	done.segments++
	done.before += p.Before
	done.after += p.After
	if c.short() {
		return c.replaceLocked(archive, m)
	}
	return nil
}

// replace takes the plain form away.
func (c *compressor) replace(archive *segment.Archive, m member) error {
	c.retention.files.Lock()
	defer c.retention.files.Unlock()
	return c.replaceLocked(archive, m)
}

func (c *compressor) replaceLocked(archive *segment.Archive, m member) error {
	if !archive.Has(m.first) {
		return nil
	}
	err := segment.Pack(c.fs, m.stream, m.first).Finish()
	archive.Reopen(m.first) // a file that is open takes room
	if err == nil {
		delete(c.both, m)
	}
	return err
}

// due reports whether a segment was finished long enough ago, is worth it, and
// there is room for both of its forms.
func (c *compressor) due(archive *segment.Archive, first, next uint64) (bool, error) {
	size, err := archive.Size(first)
	if err != nil || size < indexFrom { // nor is it worth that
		return false, err
	}
	// It was finished when the next one was begun.
	line, err := archive.At(next, 0)
	var damage *segment.Damage
	if errors.As(err, &damage) { // or nothing stands in that yet
		line, err = archive.Last(first)
	}
	if errors.Is(err, jsonl.ErrNotFound) {
		err = nil // nothing good stands in it: its time is that of no record
	}
	if err != nil || c.clock.Wall().Sub(line.At()) < compressAfter {
		return false, err
	}
	free, volume, err := c.fs.Free()
	return err == nil && free-size > min(files.ReserveBytes, volume/files.ReserveShare), nil
}

// short reports whether the folder is so large that segments are removed for it,
// or the volume so full that events are refused.
func (c *compressor) short() bool {
	limit, r := c.Limit(), c.retention
	return limit > 0 && r.size.Load()+r.grown.Load() > softLimit(limit) || files.CheckReserve(c.fs, 0) != nil
}
