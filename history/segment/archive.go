package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"sort"
	"sync"
)

// Archive reads the segments of a stream, the one being written included. It
// is for concurrent use.
type Archive struct {
	fs     FS
	stream Stream

	mu     sync.Mutex
	firsts []uint64 // ascending
	open   map[uint64]File
}

// maxOpen is how many segments are kept open for reading.
const maxOpen = 16

// NewArchive looks up which segments of a stream there are.
func NewArchive(fs FS, stream Stream) (*Archive, error) {
	names, err := fs.List()
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	return &Archive{fs: fs, stream: stream, firsts: stream.firsts(names), open: map[uint64]File{}}, nil
}

// Refresh looks up anew which segments there are, for a reader beside the
// process that writes. They are opened anew as well: after a crash the last one
// may have been written anew under its name.
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
		f.Close() // only read from: nothing can be lost by it
	}
	return nil
}

// Segments are the first numbers of all segments, ascending.
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

// Has says whether a segment begins at first.
func (a *Archive) Has(first uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := slices.BinarySearch(a.firsts, first)
	return ok
}

// Bounds are the first numbers of the segment that would hold a number and of
// the one behind it: 0 if none would, and the largest number if none follows.
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

// Drop takes a segment out. Who reads it at the moment meets fs.ErrNotExist
// once its file is gone.
func (a *Archive) Drop(first uint64) {
	a.mu.Lock()
	if i, ok := slices.BinarySearch(a.firsts, first); ok {
		a.firsts = slices.Delete(a.firsts, i, i+1)
	}
	a.mu.Unlock()
	a.forget(first)
}

// Name is the file of the segment that begins at first.
func (a *Archive) Name(first uint64) string { return a.stream.File(first) }

// file returns the segment open for reading. It may be closed by another
// caller that needs the room, which reading callers meet as fs.ErrClosed.
func (a *Archive) file(first uint64) (File, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.open[first]; ok {
		return f, nil
	}
	f, err := a.fs.Open(a.stream.File(first))
	if err != nil {
		return nil, err
	}
	if len(a.open) >= maxOpen {
		for old, g := range a.open {
			delete(a.open, old)
			g.Close() // only read from: nothing can be lost by it
			break
		}
	}
	a.open[first] = f
	return f, nil
}

// reader is a segment that stays readable while others come and go.
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

// Size is the size in bytes of a segment.
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

// Scan reads one segment from an offset to where it ends now.
func (a *Archive) Scan(first uint64, offset int64) (*Scanner, error) {
	size, err := a.Size(first)
	if err != nil {
		return nil, err
	}
	return NewScanner(a.stream, first, reader{a, first}, offset, size), nil
}

// Read returns the record at a place. It is a *Damage if there is none now.
func (a *Archive) Read(p Place) (Line, error) {
	raw := make([]byte, p.Length)
	n, err := (reader{a, p.Segment}).ReadAt(raw, int64(p.Offset))
	if err != nil && err != io.EOF {
		return Line{}, fmt.Errorf("read %s: %w", a.stream.File(p.Segment), err)
	}
	damage := &Damage{File: a.stream.File(p.Segment), Offset: int64(p.Offset), Length: int64(p.Length)}
	if n < len(raw) || n == 0 || raw[n-1] != '\n' {
		damage.Reason = "no line ends where one did"
		return Line{}, damage
	}
	line, reason := parseLine(a.stream.Key, raw[:n-1])
	if reason != "" {
		damage.Reason = reason
		return Line{}, damage
	}
	line.Place = p
	return line, nil
}

// lineGuess is how much of a line whose length is not known is read at first.
const lineGuess = 4 << 10

// At returns the record that begins at an offset, for those who were told the
// offset and not the length. It is a *Damage if there is none.
func (a *Archive) At(first uint64, offset uint32) (Line, error) {
	for guess := lineGuess; ; guess *= 4 {
		raw := make([]byte, guess)
		n, err := (reader{a, first}).ReadAt(raw, int64(offset))
		if err != nil && err != io.EOF {
			return Line{}, fmt.Errorf("read %s: %w", a.stream.File(first), err)
		}
		end := bytes.IndexByte(raw[:n], '\n')
		if end < 0 && n == guess && guess < MaxLine {
			continue
		}
		damage := &Damage{File: a.stream.File(first), Offset: int64(offset), Length: int64(end + 1), Reason: "no line ends where one did"}
		if end < 0 {
			return Line{}, damage
		}
		line, reason := parseLine(a.stream.Key, raw[:end:end])
		if reason != "" {
			damage.Reason = reason
			return Line{}, damage
		}
		line.Place = Place{first, offset, uint32(end + 1)}
		return line, nil
	}
}

// ErrNotFound says that no segment holds the record.
var ErrNotFound = errors.New("no such record")

// Find returns the record of a number by bisecting its segment, as numbers
// only rise (S1): some twenty small reads, and no index to keep.
func (a *Archive) Find(number uint64) (Line, error) {
	first := a.SegmentOf(number)
	if first == 0 {
		return Line{}, ErrNotFound
	}
	return a.findIn(first, number)
}

func (a *Archive) findIn(first, number uint64) (Line, error) {
	low := int64(0)
	high, err := a.Size(first)
	if err != nil {
		return Line{}, err
	}
	// The line of the number begins in [low, high).
	for high-low > 4<<10 {
		middle := low + (high-low)/2
		line, err := a.firstFrom(first, middle, high)
		if errors.Is(err, io.EOF) || err == nil && line.Number > number {
			high = middle
			continue
		}
		if err != nil {
			return Line{}, err
		}
		low = int64(line.Place.Offset)
		if line.Number == number {
			return line, nil
		}
	}
	for {
		line, err := a.firstFrom(first, low, 1<<62)
		if err != nil && !errors.Is(err, io.EOF) {
			return Line{}, err
		}
		if err != nil || line.Number > number {
			return Line{}, ErrNotFound
		}
		if line.Number == number {
			return line, nil
		}
		low = line.Place.End()
	}
}

// SegmentOf is the segment that would hold a number, 0 if none would.
func (a *Archive) SegmentOf(number uint64) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := sort.Search(len(a.firsts), func(i int) bool { return a.firsts[i] > number })
	if i == 0 {
		return 0
	}
	return a.firsts[i-1]
}

// firstFrom is the first good record that begins at or behind an offset, which
// may lie within a line, and before end; io.EOF if there is none.
func (a *Archive) firstFrom(first uint64, offset, end int64) (Line, error) {
	from := max(offset-1, 0)
	s, err := a.Scan(first, from)
	if err != nil {
		return Line{}, err
	}
	s.chunk = 8 << 10
	for skip := offset > 0; ; skip = false {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err != nil && !errors.As(err, &damage):
			if errors.Is(err, ErrTorn) {
				err = io.EOF
			}
			return Line{}, err
		case !skip && err == nil && int64(line.Place.Offset) < end:
			return line, nil
		case s.Offset() >= end:
			return Line{}, io.EOF
		}
	}
}

// lastBefore is the last good record ahead of the segment that begins at first.
func (a *Archive) lastBefore(first uint64) (last Line, err error) {
	for _, segment := range slices.Backward(a.Segments()) {
		if segment >= first {
			continue
		}
		last, err := a.Last(segment)
		if !errors.Is(err, ErrNotFound) {
			return last, err
		}
	}
	return last, nil
}

// Last is the last good record of a segment, ErrNotFound if there is none.
func (a *Archive) Last(first uint64) (Line, error) {
	size, err := a.Size(first)
	if err != nil {
		return Line{}, err
	}
	for back := int64(64 << 10); ; back *= 4 {
		last, err := a.lastBehind(first, max(size-back, 0))
		if err != nil {
			return Line{}, err
		}
		if last.Length > 0 {
			return a.Read(last)
		}
		if back >= size {
			return Line{}, ErrNotFound
		}
	}
}

// lastBehind is where the last good record stands that begins at or behind an
// offset, which may lie within a line; zero if none does.
func (a *Archive) lastBehind(first uint64, offset int64) (last Place, err error) {
	s, err := a.Scan(first, max(offset-1, 0))
	if err != nil {
		return last, err
	}
	for skip := offset > 0; ; skip = false {
		line, err := s.Next()
		var damage *Damage
		switch {
		case err == nil:
			if !skip {
				last = line.Place
			}
		case errors.Is(err, io.EOF), errors.Is(err, ErrTorn):
			return last, nil
		case !errors.As(err, &damage):
			return last, err
		}
	}
}

// forget closes a segment whose file was replaced by another.
func (a *Archive) forget(first uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.open[first]; ok {
		delete(a.open, first)
		f.Close() // only read from: nothing can be lost by it
	}
}

// Close closes what is open.
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
