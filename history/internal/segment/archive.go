package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"
	"sync"

	"sidehook/history/internal/seekable"
	"sidehook/history/internal/vfs"
)

// Archive reads the segments of a stream, also the one being written. It reads
// compressed ones as if they were not: offsets and sizes are those of the text. It is
// for concurrent use.
type Archive struct {
	fs     vfs.ReadFS
	stream Stream

	cache seekable.Cache

	mu     sync.Mutex
	firsts []uint64 // ascending
	open   map[uint64]text
}

// maxOpen is how many segments are kept open for reading.
const maxOpen = 16

// NewArchive lists the segments of a stream.
func NewArchive(fs vfs.ReadFS, stream Stream) (*Archive, error) {
	names, err := fs.List()
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	return &Archive{fs: fs, stream: stream, firsts: stream.firsts(names), open: map[uint64]text{}}, nil
}

// Refresh lists the segments again, for a reader while another process writes. It also
// opens them again: after a crash, the last one may be another file of the same name.
func (a *Archive) Refresh() error {
	names, err := a.fs.List()
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.firsts = a.stream.firsts(names)
	for first, f := range a.open {
		delete(a.open, first)
		f.Close() // it was only read
	}
	return nil
}

// Segments returns the first numbers of all segments, ascending.
func (a *Archive) Segments() []uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.firsts)
}

// Grow adds a segment that was just begun.
func (a *Archive) Grow(first uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i, ok := slices.BinarySearch(a.firsts, first); !ok {
		a.firsts = slices.Insert(a.firsts, i, first)
	}
}

// Has reports whether a segment begins at first.
func (a *Archive) Has(first uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := slices.BinarySearch(a.firsts, first)
	return ok
}

// Bounds returns the first numbers of the segment that a number belongs to, and of the
// one after it: 0 if there is none, and the largest number if none follows.
func (a *Archive) Bounds(number uint64) (first, next uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := sort.Search(len(a.firsts), func(i int) bool { return a.firsts[i] > number })
	if next = math.MaxUint64; i < len(a.firsts) {
		next = a.firsts[i]
	}
	if i > 0 {
		first = a.firsts[i-1]
	}
	return first, next
}

// Drop removes a segment from the list. A reader of it gets fs.ErrNotExist after its file is
// removed.
func (a *Archive) Drop(first uint64) {
	a.mu.Lock()
	if i, ok := slices.BinarySearch(a.firsts, first); ok {
		a.firsts = slices.Delete(a.firsts, i, i+1)
	}
	a.mu.Unlock()
	a.Reopen(first)
}

// file returns the segment open for reading, in its plain form if there is one. Another
// caller may close it to open a segment of its own; then reading fails with
// fs.ErrClosed.
func (a *Archive) file(first uint64) (text, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.open[first]; ok {
		return f, nil
	}
	var f text
	f, err := a.fs.Open(a.stream.File(first))
	if errors.Is(err, fs.ErrNotExist) {
		f, err = openCompressed(a.fs, a.stream, first, &a.cache, err)
	}
	if err != nil {
		return nil, err
	}
	if len(a.open) >= maxOpen {
		for old, g := range a.open {
			delete(a.open, old)
			g.Close() // it was only read
			break
		}
	}
	a.open[first] = f
	return f, nil
}

// reader is a segment that stays readable while others are opened and closed.
type reader struct {
	archive *Archive
	first   uint64
}

func (r reader) ReadAt(b []byte, off int64) (int, error) {
	for {
		f, err := r.archive.file(r.first)
		if err != nil {
			return 0, err
		}
		n, err := f.ReadAt(b, off)
		if !errors.Is(err, fs.ErrClosed) {
			return n, err
		}
	}
}

// Size returns the size of a segment in bytes.
func (a *Archive) Size(first uint64) (int64, error) {
	for {
		f, err := a.file(first)
		if err != nil {
			return 0, err
		}
		size, err := f.Size()
		if !errors.Is(err, fs.ErrClosed) {
			return size, err
		}
	}
}

// Scan reads one segment from an offset to its present end.
func (a *Archive) Scan(first uint64, offset int64) (*Scanner, error) {
	size, err := a.Size(first)
	if err != nil {
		return nil, err
	}
	s := NewScanner(a.stream, first, reader{a, first}, offset, size)
	s.explain = a.explain
	return s, nil
}

// SegmentOf returns the segment that a number belongs to, 0 if there is none.
func (a *Archive) SegmentOf(number uint64) uint64 {
	first, _ := a.Bounds(number)
	return first
}

// Reopen closes a segment whose file was replaced or removed. The next read opens
// the file that has the name now.
func (a *Archive) Reopen(first uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.open[first]; ok {
		delete(a.open, first)
		f.Close() // it was only read
	}
}

// Close closes the open segments.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for first, f := range a.open {
		errs = append(errs, f.Close())
		delete(a.open, first)
	}
	return errors.Join(errs...)
}
