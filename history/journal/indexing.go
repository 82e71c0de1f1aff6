package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/trouble"
)

// indexer builds the indexes of finished segments: those that are missing at
// the start, then each as its segment is finished. It works beside all else and
// in no one's way: it rests as long as it works, and syncs nothing. What a
// crash leaves of an index is refused by its checksum, and built anew.
type indexer struct {
	fs      vfs.FS
	log     *slog.Logger
	kick    chan struct{}
	trouble trouble.Trouble
	spare   func(bytes int64) error // ErrNoRoom if so many are not to be written
	grew    func(bytes int64)       // is told of what was
}

// indexFrom is the size in bytes from which on a segment is worth an index. A
// smaller one is read as fast.
const indexFrom = 64 << 10

// indexShare of a segment's size is about what its index has.
const indexShare = 16

// indexChunk is how many lines are taken in between two rests.
const indexChunk = 512

// indexAgain is how soon an index for which there was no room is tried again.
const indexAgain = time.Minute

func newIndexer(fsys vfs.FS, log *slog.Logger) *indexer {
	return &indexer{
		fs: fsys, log: log, kick: make(chan struct{}, 1),
		spare: func(bytes int64) error { return files.CheckReserve(fsys, bytes) }, grew: func(int64) {},
	}
}

// finished tells it that a segment was. It does not block.
func (x *indexer) finished() {
	select {
	case x.kick <- struct{}{}:
	default:
	}
}

// run builds until ctx is done. What it cannot do harms nothing but the speed
// of queries, so that it is logged and no more.
func (x *indexer) run(ctx context.Context) {
	for {
		var again <-chan time.Time
		err := x.all(ctx, rest)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if errors.Is(err, history.ErrNoRoom) {
				again = time.After(indexAgain)
			}
			x.trouble.Met(x.log, "cannot index the history, so that queries take longer", err)
		default:
			x.trouble.Over(x.log, "the history is indexed again")
		}
		select {
		case <-ctx.Done():
			return
		case <-x.kick:
		case <-again:
		}
	}
}

// dropIndexes takes all indexes away, for the room that they take; they are built
// anew. It reports whether there were any.
func dropIndexes(fsys vfs.FS) (dropped bool) {
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

// rest waits as long as was worked.
func rest(ctx context.Context, worked time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(worked):
		return nil
	}
}

// BuildIndexesFS builds the indexes that are missing, without a rest.
func BuildIndexesFS(ctx context.Context, fsys vfs.FS) error {
	unresting := func(context.Context, time.Duration) error { return ctx.Err() }
	return newIndexer(fsys, slog.New(slog.DiscardHandler)).all(ctx, unresting)
}

// all builds what is missing, the newest first, as that is asked for most.
func (x *indexer) all(ctx context.Context, rest func(context.Context, time.Duration) error) error {
	var errs []error
	for _, of := range []segment.Stream{segment.Deliveries, segment.Events} {
		s, err := lookup.OpenStream(x.fs, of)
		if err != nil {
			return err
		}
		segments := s.Segments()
		for _, first := range slices.Backward(segments[:max(0, len(segments)-1)]) {
			err := x.one(ctx, s, first, rest)
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

// one builds the index of a finished segment, unless it has one that fits.
func (x *indexer) one(ctx context.Context, s *lookup.Stream, first uint64, rest func(context.Context, time.Duration) error) error {
	size, err := s.Size(first)
	if err != nil || size < indexFrom {
		return err
	}
	there, done, err := s.Index(first)
	if done(); err != nil || there != nil {
		return err
	}
	if err := x.spare(size / indexShare); err != nil {
		return err // and there is no use in building it
	}
	var stopped error
	lines, begun := 0, time.Now()
	b, err := s.Build(first, func() bool {
		if lines++; lines%indexChunk == 0 {
			stopped = rest(ctx, time.Since(begun))
			begun = time.Now()
		}
		return stopped == nil
	})
	if err := errors.Join(err, stopped); err != nil {
		return err
	}
	return x.write(s.Of.Index(first), b.Finish())
}

// write puts the file in place whole. It is not synced: a sync would take the
// disk from those who wait for it, and one of the folder could take an error
// that is theirs to see.
func (x *indexer) write(name string, content []byte) error {
	if err := x.spare(int64(len(content))); err != nil {
		return err
	}
	beside := name + ".tmp"
	if err := vfs.Clear(x.fs, beside); err != nil {
		return err
	}
	file, err := x.fs.Create(beside)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = vfs.Rename(x.fs, beside, name)
	}
	if err != nil {
		return errors.Join(err, x.fs.Remove(beside))
	}
	x.grew(int64(len(content)))
	return nil
}
