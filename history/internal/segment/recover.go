package segment

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/vfs"
)

// Options are how a stream is opened. The zero value works.
type Options struct {
	// Limit is the size in bytes at which a segment is finished; MaxSize if 0.
	Limit int64
	// Known is a position that is known to be synced, from the checkpoint. Lines up to
	// it are not read; a bad one there would be damage.
	Known Position
	// Stopped is whether the stop was clean: nothing was ever written after Known.
	Stopped bool
	// Proven is a number that is known to have been synced, apart from Known.
	Proven uint64
	// Prepend returns the fields of records that must come before those that recovery
	// moves into a new segment. It gets the records before them in their old segment,
	// and those that are moved. nil: none.
	Prepend func(before, moved iter.Seq[*jsonl.Line]) [][]byte
}

// Recovered is a stream that is open for writing, and what was found in it.
type Recovered struct {
	Writer  *Writer
	Archive *Archive
	End     Position  // of the last record
	Last    uint64    // its number as it was found, before Prepend raised it
	Clean   bool      // the stop was clean, and nothing comes after Known
	Trusted bool      // Known is a position in this stream; if not, start from nothing
	Cut     int64     // bytes of a torn batch that were cut off, kept in NAME.torn
	Damage  []*Damage // found after Known
}

// Recover opens a stream, whatever state a crash left it in. It may itself be
// killed at any point and run again:
//
//	a crash                            leaves                               and then
//	during a write                     a torn last line or batch            it is cut off; it was never acknowledged
//	between a write and its sync       lines that the disk may not have     they are written anew and synced before use
//	after the sync                     lines that are good                  the same; it does no harm
//	after creating a segment           an empty last segment                the segment before it is complete (S3); it is used
//	in recovery, before the rename     NAME.tmp                             removed, begun again
//	in recovery, after the rename      the last batch in two segments       the older one's copy is cut off, and that synced
func Recover(fs *vfs.Locked, stream Stream, opts Options) (*Recovered, error) {
	archive, err := NewArchive(fs, stream)
	if err != nil {
		return nil, err
	}
	r := &recovery{fs: fs, stream: stream, archive: archive, opts: opts}
	if r.opts.Limit == 0 {
		r.opts.Limit = MaxSize
	}
	if err := r.clear(); err != nil {
		return nil, err
	}
	r.Archive = archive
	if r.Writer, err = r.open(); err != nil {
		return nil, fmt.Errorf("recover %s: %w", stream.Name, err)
	}
	return &r.Recovered, nil
}

type recovery struct {
	Recovered
	fs      *vfs.Locked
	stream  Stream
	archive *Archive
	opts    Options
}

// clear removes incomplete files beside the segments, which a recovery, a compression or
// the building of an index has left.
func (r *recovery) clear() error {
	names, err := r.fs.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ours := r.stream.Owner(name); ours && strings.HasSuffix(name, ".tmp") {
			if err := r.fs.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *recovery) open() (*Writer, error) {
	firsts := r.archive.Segments()
	if len(firsts) == 0 {
		r.Trusted = true
		return r.begin(max(r.opts.Known.Number, r.opts.Proven), r.opts.Known.Batch)
	}
	last := firsts[len(firsts)-1]
	compressed, err := r.compressed(last)
	if err != nil {
		return nil, err
	}
	if len(firsts) > 1 && !compressed {
		if err := r.dropDuplicateTail(firsts[len(firsts)-2], last); err != nil {
			return nil, err
		}
	}
	t, err := r.tail(last)
	if err != nil {
		return nil, err
	}
	r.End, r.Last = t.end, t.end.Number
	if compressed {
		// A copy of the folder may lack the segment that was being written. This
		// one is finished, complete (S3), and never written again.
		r.Clean = r.opts.Stopped && r.Trusted && t.size == t.known
		return r.begin(max(t.end.Number, last, r.opts.Proven), t.end.Batch)
	}
	if r.Clean = r.opts.Stopped && r.Trusted && t.size == t.known; r.Clean || t.size == 0 {
		return r.resume(last, t.size)
	}
	return r.rebuild(last, t)
}

// compressed reports whether a segment has only its compressed form.
func (r *recovery) compressed(first uint64) (bool, error) {
	p, err := r.archive.compressed(first)
	return p != nil, err
}

// dropDuplicateTail finishes a recovery that was killed between putting the last batch
// into a segment of its own and cutting it off the one before.
func (r *recovery) dropDuplicateTail(before, last uint64) error {
	if compressed, err := r.compressed(before); err != nil || compressed {
		return err // it was finished long ago, and nothing follows in it
	}
	size, err := r.archive.Size(last)
	if err != nil || size == 0 {
		return err
	}
	if _, err := r.archive.findIn(last, last); err != nil {
		return nil // it was damaged since: the older copy, if any, is better
	}
	end, err := r.copyBegins(before, last)
	if err != nil {
		return err
	}
	// There may be nothing to cut off because a recovery did that and was killed
	// before the sync. Without a sync now, a power cut could bring the copy back
	// later, when it is not looked for any more.
	if size, err = r.archive.Size(before); err != nil || end > size {
		return err
	}
	// The newer one's name may not be durable yet: without it the older copy is
	// the only one.
	if err := r.fs.Sync(); err != nil {
		return err
	}
	return r.cut(before, end)
}

// copyBegins returns where, in the segment before the one that begins at last, a copy of
// that one's records begins. A power cut may have left less than a record of it.
func (r *recovery) copyBegins(before, last uint64) (int64, error) {
	line, err := r.archive.findIn(before, last-1)
	if err == nil {
		return line.Location.End(), nil
	}
	if errors.Is(err, jsonl.ErrNotFound) { // damaged
		line, err = r.archive.findIn(before, last)
	}
	if errors.Is(err, jsonl.ErrNotFound) {
		return math.MaxInt64, nil
	}
	return int64(line.Location.Offset), err
}

func (r *recovery) cut(first uint64, size int64) error {
	file, err := r.fs.Append(r.stream.File(first))
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Sync(), file.Close())
}

// resume continues in the last segment.
func (r *recovery) resume(last uint64, size int64) (*Writer, error) {
	// A number that something refers to is never used again, even if its own
	// record is damaged.
	number := max(r.End.Number, last-1, r.opts.Proven)
	if size == 0 && number >= last {
		// A copy of the folder may lack records that others in it refer to.
		return r.begin(number, r.End.Batch)
	}
	name := r.stream.File(last)
	file, err := r.fs.Append(name)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(vfs.Symlink(r.fs, name, r.stream.Link()), r.fs.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Writer{
		fs: r.fs, stream: r.stream, limit: r.opts.Limit, file: file, first: last,
		size: size, synced: size, next: number + 1, batch: r.End.Batch + 1, position: r.End,
	}, nil
}

// begin opens a new segment after a record.
func (r *recovery) begin(number, batch uint64) (*Writer, error) {
	file, err := create(r.fs, r.stream, number+1)
	if err != nil {
		return nil, err
	}
	r.archive.Grow(number + 1)
	return &Writer{
		fs: r.fs, stream: r.stream, limit: r.opts.Limit, file: file, first: number + 1,
		next: number + 1, batch: batch + 1, position: r.End,
	}, nil
}
