package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/trouble"
)

// CompressorOptions are all required.
type CompressorOptions struct {
	FS                 vfs.FS
	Log                *slog.Logger
	Space              Space
	Events, Deliveries *segment.Archive
	Files              sync.Locker      // held while files of segments are removed or replaced
	Wall               func() time.Time // the clock that lines are stamped with
}

// Compressor replaces finished segments by their compressed form, one at a time
// and with a small part of one core.
//
// The plain form stays for a while after the compressed one is there. If there is
// little room it goes at once.
type Compressor struct {
	CompressorOptions
	both    map[member]time.Time // since when both forms exist, and are equal
	retry   map[member]time.Time // failed: not tried again before
	trouble trouble.Trouble
}

// member is a segment of a stream.
type member struct {
	stream segment.Stream
	first  uint64
}

const (
	// compressAfter is how long a segment stays plain after it is finished: the
	// newest are read most, also by other tools.
	compressAfter = time.Hour
	// bothFor is how long both forms exist. A program that copies the folder may have
	// listed the plain form only, and must still find it.
	bothFor = 10 * time.Minute
	// compressEvery is how often it looks for segments to compress.
	compressEvery = time.Minute
	// compressRest is how many times as long it rests as it works.
	compressRest = 15
)

// NewCompressor returns a Compressor, which works in Run.
func NewCompressor(opts CompressorOptions) *Compressor {
	return &Compressor{CompressorOptions: opts, both: map[member]time.Time{}, retry: map[member]time.Time{}}
}

// Run compresses until ctx is done. Its error is a sync that failed, which is
// final. Any other failure only makes the folder larger, so it is logged and
// tried again.
func (c *Compressor) Run(ctx context.Context) error {
	for {
		if rest(ctx, compressEvery) != nil {
			return nil
		}
		err := c.compressAll(ctx)
		switch {
		case errors.Is(err, vfs.ErrUnsynced):
			return err
		case ctx.Err() != nil:
			return nil
		case err != nil:
			c.trouble.Met(c.Log, "cannot compress the history; it takes more room", err)
		default:
			c.trouble.Over(c.Log, "the history can be compressed again")
		}
	}
}

// compressed counts what compressAll has done.
type compressed struct {
	segments      int
	before, after int64
}

// compressAll compresses the segments that are due.
func (c *Compressor) compressAll(ctx context.Context) error {
	names, err := c.FS.List()
	if err != nil {
		return err
	}
	var errs []error
	var done compressed
	for _, s := range []struct {
		*segment.Archive
		segment.Stream
	}{{c.Events, segment.Events}, {c.Deliveries, segment.Deliveries}} {
		segments := s.Segments()
		for i, first := range segments[:max(0, len(segments)-1)] {
			if _, plain := slices.BinarySearch(names, s.File(first)); !plain {
				continue
			}
			m := member{s.Stream, first}
			err := c.compress(ctx, s.Archive, m, segments[i+1], &done)
			if errors.Is(err, vfs.ErrUnsynced) || ctx.Err() != nil {
				return err
			}
			if err != nil && !lookup.IsGone(err) { // retention has removed it
				c.retry[m] = time.Now().Add(compressAfter)
				errs = append(errs, fmt.Errorf("compress %s: %w", s.File(first), err))
			}
		}
		for _, known := range []map[member]time.Time{c.both, c.retry} {
			maps.DeleteFunc(known, func(m member, _ time.Time) bool { return m.stream == s.Stream && !s.Has(m.first) })
		}
	}
	if done.segments > 0 {
		c.Log.Info("compressed finished segments of the history", "segments", done.segments, "bytes_before", done.before, "bytes_after", done.after)
	}
	return errors.Join(errs...)
}

// compress takes the next step with a segment whose plain form exists. next is
// the segment that follows it.
func (c *Compressor) compress(ctx context.Context, archive *segment.Archive, m member, next uint64, done *compressed) error {
	if since, ok := c.both[m]; ok {
		if time.Since(since) < bothFor && !c.Space.Short() {
			return nil
		}
		c.Files.Lock()
		defer c.Files.Unlock()
		return c.removePlainLocked(archive, m)
	}
	if time.Now().Before(c.retry[m]) {
		return nil
	}
	if due, err := c.due(archive, m.first, next); err != nil || !due {
		return err
	}
	p := segment.Compress(c.FS, m.stream, m.first)
	began := time.Now()
	err := p.Write(func() error {
		err := rest(ctx, compressRest*time.Since(began))
		began = time.Now()
		return errors.Join(err, files.CheckReserve(c.FS, 0)) // others use the volume, too
	})
	if err != nil {
		return err
	}
	c.Space.Added(p.After)
	c.Files.Lock()
	defer c.Files.Unlock()
	if !archive.Has(m.first) {
		return p.Discard()
	}
	if err := p.Install(); err != nil {
		return err
	}
	c.both[m] = time.Now()
	done.segments++
	done.before += p.Before
	done.after += p.After
	if c.Space.Short() {
		return c.removePlainLocked(archive, m)
	}
	return nil
}

// removePlainLocked removes the plain form. The caller holds Files.
func (c *Compressor) removePlainLocked(archive *segment.Archive, m member) error {
	if !archive.Has(m.first) {
		return nil
	}
	err := segment.Compress(c.FS, m.stream, m.first).Finish()
	archive.Reopen(m.first) // an open file keeps its room
	if err == nil {
		delete(c.both, m)
	}
	return err
}

// due reports whether a segment was finished long enough ago and is large enough,
// and whether there is room for both of its forms.
func (c *Compressor) due(archive *segment.Archive, first, next uint64) (bool, error) {
	size, err := archive.Size(first)
	if err != nil || size < minSize {
		return false, err
	}
	// It was finished when the next one was begun.
	line, err := archive.At(next, 0)
	var damage *segment.Damage
	if errors.As(err, &damage) { // or the next one is still empty
		line, err = archive.Last(first)
	}
	if errors.Is(err, jsonl.ErrNotFound) {
		err = nil // it has no good line: the zero time is long ago
	}
	if err != nil || c.Wall().Sub(line.At()) < compressAfter {
		return false, err
	}
	free, volume, err := c.FS.Free()
	return err == nil && free-size > min(files.ReserveBytes, volume/files.ReserveShare), nil
}
