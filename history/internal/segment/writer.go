package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/vfs"
)

// ErrNoRoom is the error if a batch was not written because the disk is full, or a quota
// or a limit on the file's size is reached. A part that was written is cut off again, and
// the same batch may be written later.
var ErrNoRoom = errors.New("no room")

// Writer appends records to the newest segment of a stream. It is not for
// concurrent use. After any error but ErrNoRoom it must not be used any more (S4).
type Writer struct {
	fs     *vfs.Locked
	stream Stream
	limit  int64

	file   vfs.File
	first  uint64 // of the segment
	size   int64
	synced int64 // how much of it is synced

	next  uint64 // number of the next record
	batch uint64 // of the next record

	position Position // of the last record written

	pending []byte         // lines not written yet
	begun   uint64         // next, before the first of them
	last    jsonl.Location // of the last of them
	broken  error
}

// Position is where a stream ends: after the record Number.
type Position struct {
	Number uint64
	Batch  uint64
	Last   jsonl.Location // of that record; zero while there is none
}

// SetLimit sets the size in bytes at which a segment is finished; 0 is MaxSize.
func (w *Writer) SetLimit(bytes int64) {
	if w.limit = bytes; bytes == 0 {
		w.limit = MaxSize
	}
}

// maxOverdue is the size that a segment may reach while no other can be opened.
const maxOverdue = 4 * MaxSize

// Begin prepares the writer for a batch, in a new segment if the old one is full. It
// reports whether it began one.
func (w *Writer) Begin() (fresh bool, err error) {
	if w.broken != nil {
		return false, w.broken
	}
	if w.size < w.limit || w.next == w.first {
		return false, nil
	}
	// S3: what comes before a segment is durable before the segment exists.
	if err := w.Sync(); err != nil {
		return false, err
	}
	if err := w.Check(); err != nil {
		return false, err
	}
	file, err := create(w.fs, w.stream, w.next)
	if vfs.NoRoom(err) && !errors.Is(err, vfs.ErrUnsynced) {
		// The old segment can still be written to while there is room.
		return false, fmt.Errorf("begin segment %s: %w: %w", w.stream.File(w.next), ErrNoRoom, err)
	}
	if vfs.NoDescriptors(err) && !errors.Is(err, vfs.ErrUnsynced) && w.size < maxOverdue {
		return false, nil // the old segment is open, and becomes larger than it should be
	}
	if err != nil {
		return false, w.fail(fmt.Errorf("begin segment %s: %w", w.stream.File(w.next), bare(err)))
	}
	old := w.file
	w.file, w.first, w.size, w.synced = file, w.next, 0, 0
	if err := old.Close(); err != nil {
		return true, w.fail(fmt.Errorf("close segment: %w", err))
	}
	return true, nil
}

// create creates the segment that begins at first, makes its name durable, and points
// the stream's link at it.
func create(fs *vfs.Locked, stream Stream, first uint64) (vfs.File, error) {
	name := stream.File(first)
	file, err := vfs.Create(fs, name)
	if err != nil {
		return nil, err
	}
	if err := vfs.Symlink(fs, name, stream.Link()); err != nil {
		return nil, errors.Join(err, file.Close(), fs.Remove(name))
	}
	if err := fs.Sync(); err != nil {
		return nil, errors.Join(vfs.ErrUnsynced, err, file.Close())
	}
	return file, nil
}

// Add adds a record to the batch, in memory, and returns the number and the location that
// it will have. Its fields may come in several pieces.
func (w *Writer) Add(at time.Time, fields ...[]byte) (uint64, jsonl.Location) {
	if len(w.pending) == 0 {
		w.begun = w.next
	}
	start := len(w.pending)
	w.pending = jsonl.Append(w.pending, w.stream.Key, w.next, at, w.batch, fields)
	place := jsonl.Location{Segment: w.first, Offset: uint32(w.size + int64(start)), Length: uint32(len(w.pending) - start)}
	w.last = place
	w.next++
	return w.next - 1, place
}

// Pending returns the size of the batch so far in bytes.
func (w *Writer) Pending() int { return len(w.pending) }

// Write appends the batch to the file with one call. After ErrNoRoom it is as
// if nothing had been added.
func (w *Writer) Write() error {
	if w.broken != nil {
		return w.broken
	}
	if len(w.pending) == 0 {
		return nil
	}
	if w.size+int64(len(w.pending)) > math.MaxUint32 {
		return w.fail(fmt.Errorf("write %s: a batch of %d bytes does not fit a segment", w.stream.File(w.first), len(w.pending)))
	}
	_, err := w.file.Write(w.pending)
	if err != nil && !vfs.NoRoom(err) {
		return w.fail(fmt.Errorf("write %s: %w", w.stream.File(w.first), bare(err)))
	}
	if err != nil {
		w.Drop()
		// The part that was written is removed, so that the next batch begins on a
		// line of its own. If that fails, the end of the file is unknown.
		if cut := w.file.Truncate(w.size); cut != nil {
			return w.fail(fmt.Errorf("cut the half-written batch off %s: %w", w.stream.File(w.first), cut))
		}
		return fmt.Errorf("write %s: %w: %w", w.stream.File(w.first), ErrNoRoom, err)
	}
	w.size += int64(len(w.pending))
	w.position = Position{w.next - 1, w.batch, w.last}
	w.reuse()
	return nil
}

// Drop drops what was added and not written.
func (w *Writer) Drop() {
	if len(w.pending) > 0 {
		w.next = w.begun
		w.reuse()
	}
}

// reuse keeps the buffer for the next batch, unless one giant batch made it so large that
// it would waste memory. Large batches that follow each other share it, because growing it
// costs more than all else that is done with a batch.
func (w *Writer) reuse() {
	const small, large = 1 << 20, 8 << 20
	if size := cap(w.pending); size > large || size > small && len(w.pending) < size/4 {
		w.pending = nil
	}
	w.pending = w.pending[:0]
}

// Sync makes all that was written durable and ends the batch. It fails if another program
// has deleted, moved or changed the file (S7): nothing in such a file may be acknowledged.
func (w *Writer) Sync() error {
	if w.broken != nil || w.size == w.synced {
		return w.broken
	}
	if err := w.file.Sync(); err != nil {
		return w.fail(fmt.Errorf("sync %s: %w", w.stream.File(w.first), bare(err)))
	}
	if err := w.check(); err != nil {
		return err
	}
	w.synced = w.size
	w.batch++ // S2
	return nil
}

// Check returns an error unless what was synced is still in the file under its name, so
// that a change by somebody else is noticed while nothing is written.
func (w *Writer) Check() error {
	if w.broken != nil || w.Dirty() {
		return w.broken
	}
	return w.check()
}

func (w *Writer) check() error {
	if err := w.file.Check(w.size); err != nil {
		return w.fail(fmt.Errorf("check %s: %w", w.stream.File(w.first), bare(err)))
	}
	return nil
}

// Dirty reports whether anything was written that is not synced.
func (w *Writer) Dirty() bool { return w.size != w.synced }

// Position returns the end of the written part of the stream.
func (w *Writer) Position() Position { return w.position }

// Next returns the number that the next record will have.
func (w *Writer) Next() uint64 { return w.next }

// First returns the first number of the segment being written.
func (w *Writer) First() uint64 { return w.first }

func (w *Writer) fail(err error) error {
	w.broken = err
	return err
}

// bare returns an error without operation and path, which the caller adds.
func bare(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}

// Close closes the file; what is not synced may be lost.
func (w *Writer) Close() error { return w.file.Close() }
