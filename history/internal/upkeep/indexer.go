package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/trouble"
)

// Indexer builds the indexes of finished segments: first those that are missing
// at the start, then each one when its segment is finished. It rests as long as
// it works. It syncs nothing: an index that a crash left incomplete fails its
// checksum and is built anew.
type Indexer struct {
	fs      vfs.FS
	log     *slog.Logger
	space   Space
	kick    chan struct{}
	trouble trouble.Trouble
}

const (
	// indexShare is about how many times as large as its index a segment is.
	indexShare = 16
	// indexChunk is how many lines are indexed between two rests.
	indexChunk = 512
	// indexRetry is when an index for which there was no room is tried again.
	indexRetry = time.Minute
)

// NewIndexer returns an Indexer, which works in Run.
func NewIndexer(fsys vfs.FS, log *slog.Logger, space Space) *Indexer {
	return &Indexer{fs: fsys, log: log, space: space, kick: make(chan struct{}, 1)}
}

// SegmentFinished tells the indexer to look for segments without an index. It
// does not block.
func (x *Indexer) SegmentFinished() {
	select {
	case x.kick <- struct{}{}:
	default:
	}
}

// Run builds indexes until ctx is done. A failure only makes queries slower, so
// it is logged and no more.
func (x *Indexer) Run(ctx context.Context) {
	for {
		var retry <-chan time.Time
		err := x.buildAll(ctx, rest)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if errors.Is(err, history.ErrNoRoom) {
				retry = time.After(indexRetry)
			}
			x.trouble.Met(x.log, "cannot index the history; queries take longer", err)
		default:
			x.trouble.Over(x.log, "the history is indexed again")
		}
		select {
		case <-ctx.Done():
			return
		case <-x.kick:
		case <-retry:
		}
	}
}

// BuildIndexes builds all missing indexes, without resting.
func BuildIndexes(ctx context.Context, fsys vfs.FS) error {
	noRest := func(context.Context, time.Duration) error { return ctx.Err() }
	return NewIndexer(fsys, slog.New(slog.DiscardHandler), volume{fsys}).buildAll(ctx, noRest)
}

// DropIndexes removes all indexes to make room; the Indexer builds them again. It
// reports whether there were any.
func DropIndexes(fsys vfs.FS) (dropped bool) {
	names, _ := fsys.List()
	for _, name := range names {
		_, deliveries := segment.Deliveries.Owner(name)
		_, events := segment.Events.Owner(name)
		if (deliveries || events) && strings.HasSuffix(name, ".idx") && fsys.Remove(name) == nil {
			dropped = true
		}
	}
	return dropped
}

// buildAll builds the missing indexes, the newest first, because it is used most.
func (x *Indexer) buildAll(ctx context.Context, rest func(context.Context, time.Duration) error) error {
	var errs []error
	for _, of := range []segment.Stream{segment.Deliveries, segment.Events} {
		s, err := lookup.OpenStream(x.fs, of)
		if err != nil {
			return err
		}
		segments := s.Segments()
		for _, first := range slices.Backward(segments[:max(0, len(segments)-1)]) {
			err := x.build(ctx, s, first, rest)
			if errors.Is(err, history.ErrNoRoom) {
				return errors.Join(err, s.Close())
			}
			if err != nil && !lookup.IsGone(err) {
				errs = append(errs, fmt.Errorf("index %s: %w", s.Name(first), err))
			}
			if ctx.Err() != nil {
				break
			}
		}
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// build builds the index of a finished segment unless it has a valid one.
func (x *Indexer) build(ctx context.Context, s *lookup.Stream, first uint64, rest func(context.Context, time.Duration) error) error {
	size, err := s.Size(first)
	if err != nil || size < minSize {
		return err
	}
	existing, err := s.Index(first)
	if err != nil || existing != nil {
		return err
	}
	if err := x.space.Spare(size / indexShare); err != nil {
		return err // it could not be written
	}
	var stopped error
	lines, began := 0, time.Now()
	b, err := s.Build(first, func() bool {
		if lines++; lines%indexChunk == 0 {
			stopped = rest(ctx, time.Since(began))
			began = time.Now()
		}
		return stopped == nil
	})
	if err := errors.Join(err, stopped); err != nil {
		return err
	}
	return x.write(s.Of.Index(first), b.Finish())
}

// write puts a complete index in place. It does not sync: a sync would delay the
// journal's own, and one of the folder could consume an error that the journal
// must see.
func (x *Indexer) write(name string, parts [][]byte) error {
	size := int64(0)
	for _, p := range parts {
		size += int64(len(p))
	}
	if err := x.space.Spare(size); err != nil {
		return err
	}
	temporary := name + ".tmp"
	if err := vfs.Clear(x.fs, temporary); err != nil {
		return err
	}
	file, err := x.fs.Create(temporary)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err = file.Write(p); err != nil {
			break
		}
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = vfs.Rename(x.fs, temporary, name)
	}
	if err != nil {
		return errors.Join(err, x.fs.Remove(temporary))
	}
	x.space.Added(size)
	return nil
}
