// Package lookup finds the lines of a stream: by the index of a segment, or by reading
// the segment where it has none. It knows which keys and counts a record has in an
// index. Packages query and upkeep call it.
package lookup

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// Stream is one of the two streams, open for reading: its segments, and the indexes of
// those that are finished.
type Stream struct {
	*segment.Archive
	Of    segment.Stream
	FS    vfs.ReadFS
	Entry func(*jsonl.Line) index.Entry
	Tail  *Tail // nil: lines without an index are read at each lookup
}

func OpenStream(fsys vfs.ReadFS, of segment.Stream) (*Stream, error) {
	archive, err := segment.NewArchive(fsys, of)
	if err != nil {
		return nil, err
	}
	return &Stream{Archive: archive, Of: of, FS: fsys, Entry: entryOf(of)}, nil
}

// Index opens the index of a segment. It is nil if there is none that fits, as for the
// segment being written. close is never nil.
func (s *Stream) Index(first uint64) (x *index.Index, close func(), err error) {
	nothing := func() {}
	size, err := s.Size(first)
	if err != nil {
		return nil, nothing, err
	}
	file, err := s.FS.Open(s.Of.Index(first))
	if err != nil {
		return nil, nothing, nil // the segment is read instead
	}
	x, err = index.Open(file, index.Segment{Stream: s.Of.Name, First: first, Size: size})
	if err != nil {
		file.Close() // only read from
		return nil, nothing, nil
	}
	return x, func() { file.Close() }, nil
}

// LookupKey is a key, and bytes that each line with that key contains, except lines with
// escapes if escaped is set.
type LookupKey struct {
	key     string
	needle  []byte
	escaped bool
}

// Lookup returns the lines of a segment that have one of the keys, in order,
// with its index or without.
func (s *Stream) Lookup(first uint64, seq history.Seq, keys ...LookupKey) ([]jsonl.Line, error) {
	x, done, err := s.Index(first)
	if err != nil {
		return nil, err
	}
	defer done()
	var offsets []uint32
	switch {
	case x == nil && s.Tail == nil:
		return s.search(first, keys)
	case x == nil:
		if offsets, err = s.Tail.lookup(s, first, keys); err != nil {
			return nil, err
		}
		return s.linesAt(first, offsets, keys)
	case seq > 0 && !x.HasSeq(uint64(seq)):
		return nil, nil
	}
	for _, k := range keys {
		some, err := x.Lookup(k.key)
		if err != nil {
			return s.search(first, keys)
		}
		offsets = append(offsets, some...)
	}
	return s.linesAt(first, offsets, keys)
}

// linesAt returns the lines at some offsets that have one of the keys, in order. If the
// segment contradicts the offsets, it reads the segment.
func (s *Stream) linesAt(first uint64, offsets []uint32, keys []LookupKey) ([]jsonl.Line, error) {
	slices.Sort(offsets)
	var found []jsonl.Line
	for _, offset := range slices.Compact(offsets) {
		line, err := s.At(first, offset)
		var damage *segment.Damage
		if err != nil && !errors.As(err, &damage) {
			return nil, err
		}
		if err != nil {
			return s.search(first, keys)
		}
		switch has(s.Entry(&line).Keys, keys) {
		case itself:
			found = append(found, line)
		case neither:
			return s.search(first, keys)
		}
	}
	return found, nil
}

// keyMatch is how the keys of a line match those that are looked for.
type keyMatch int

const (
	neither keyMatch = iota // the index is wrong about the line
	alike                   // another key of the same hash
	itself
)

func has(keys []string, lookup []LookupKey) keyMatch {
	best := neither
	for _, k := range keys {
		for _, w := range lookup {
			switch {
			case k == w.key:
				return itself
			case index.Hash(k) == index.Hash(w.key):
				best = alike
			}
		}
	}
	return best
}

// search is Lookup without an index. It rules out most lines without parsing them.
func (s *Stream) search(first uint64, keys []LookupKey) (found []jsonl.Line, err error) {
	err = VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		for _, k := range keys {
			if !bytes.Contains(line.Raw, k.needle) && !(k.escaped && bytes.IndexByte(line.Raw, '\\') >= 0) {
				continue
			}
			if has(s.Entry(line).Keys, keys) == itself {
				found = append(found, line.Clone())
			}
			break
		}
		return true
	})
	return found, err
}

// Build builds the index of a segment as it is now.
func (s *Stream) Build(first uint64, more func() bool) (*index.Builder, error) {
	size, err := s.Size(first)
	if err != nil {
		return nil, err
	}
	b := index.Build(index.Segment{Stream: s.Of.Name, First: first, Size: size})
	err = VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		e := s.Entry(line)
		b.Add(&e)
		return more()
	})
	return b, err
}

// Groups counts the lines of each group of a segment, by its index or its lines.
func (s *Stream) Groups(first uint64) (map[index.Group]int, error) {
	x, done, err := s.Index(first)
	if err != nil {
		return nil, err
	}
	defer done()
	if x != nil {
		return x.Groups(), nil
	}
	b, err := s.Build(first, func() bool { return true })
	if err != nil {
		return nil, err
	}
	return b.Groups(), nil
}

// IsGone reports whether an error means that a segment was removed since the folder was
// listed.
func IsGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// VisitLines visits the good records of a segment until visit returns false. Damaged ones
// are left to package verify. It ends without an error if the segment is removed
// meanwhile.
func VisitLines(a *segment.Archive, first uint64, visit func(*jsonl.Line) bool) error {
	return VisitLinesFrom(a, first, 0, visit)
}

// VisitLinesFrom does the same from an offset on.
func VisitLinesFrom(a *segment.Archive, first uint64, offset int64, visit func(*jsonl.Line) bool) error {
	err := a.Visit(first, offset, func(*segment.Damage) {}, visit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
