// Package lookup finds the lines of a stream: by the index of a segment, or by reading
// the segment where it has none. It knows which keys and counts a record has in an
// index. Packages query and upkeep call it.
package lookup

import (
	"bytes"
	"errors"
	"io/fs"
	"time"

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
	Of     segment.Stream
	FS     vfs.ReadFS
	Memory *Memory // may be nil
}

func OpenStream(fsys vfs.ReadFS, of segment.Stream) (*Stream, error) {
	archive, err := segment.NewArchive(fsys, of)
	if err != nil {
		return nil, err
	}
	return &Stream{Archive: archive, Of: of, FS: fsys}, nil
}

// Index opens the index of a segment. It returns nil if the segment has no valid one, such
// as the segment being written.
func (s *Stream) Index(first uint64) (*index.Index, error) {
	open := func() (index.File, error) { return s.FS.Open(s.Of.Index(first)) }
	if x := s.Memory.head(first); x != nil {
		return x.From(open), nil // the Stream that kept it may be closed
	}
	size, err := s.Size(first)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(open, index.Segment{Stream: s.Of.Name, First: first, Size: size})
	if err != nil {
		return nil, nil // the segment is read instead
	}
	s.Memory.keep(first, x)
	return x, nil
}

// Lines answers queries about the lines of a segment, as index.Index does.
type Lines interface {
	HasSeq(seq uint64) bool
	HasGroup(has func(index.Group) bool) bool
	Within(since, until time.Time) bool
	WithinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32)
	List(index.Selection) (offsets []uint32, err error)
	Each(index.Selection, func(index.Listed)) error
	Lookup(keys ...string) (offsets []uint32, err error)
}

// Lines returns the index of a segment, or the one in memory. It returns nil if there is
// neither: then the segment must be read.
func (s *Stream) Lines(first uint64) (Lines, error) {
	x, err := s.Index(first)
	if err != nil {
		return nil, err
	}
	if x != nil {
		return x, nil
	}
	if t := s.Memory.tail(s, first); t != nil {
		return t, t.update(s, first)
	}
	return nil, nil
}

// LookupKey is a key to look for. Each line with the key contains the needle; if escaped is
// set, a line with a backslash may lack it.
type LookupKey struct {
	key     string
	needle  []byte
	escaped bool
	// A segment without these has no line with the key.
	seq    history.Seq            // 0: any
	groups func(index.Group) bool // nil: any
}

// mayBeIn reports whether a segment may have a line with the key.
func (k *LookupKey) mayBeIn(lines Lines) bool {
	return (k.seq == 0 || lines.HasSeq(uint64(k.seq))) && (k.groups == nil || lines.HasGroup(k.groups))
}

// Lookup returns the lines of a segment that have one of the keys, in order.
func (s *Stream) Lookup(first uint64, keys ...LookupKey) ([]jsonl.Line, error) {
	lines, err := s.Lines(first)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		return s.search(first, keys)
	}
	var may []string
	for _, k := range keys {
		if k.mayBeIn(lines) {
			may = append(may, k.key)
		}
	}
	if len(may) == 0 {
		return nil, nil
	}
	offsets, err := lines.Lookup(may...)
	if err != nil {
		return s.search(first, keys)
	}
	return s.linesAt(first, offsets, keys)
}

// linesAt returns the lines at some offsets that have one of the keys, in order. If the
// segment contradicts the offsets, it reads the segment.
func (s *Stream) linesAt(first uint64, offsets []uint32, keys []LookupKey) ([]jsonl.Line, error) {
	var found []jsonl.Line
	entries := s.Entries()
	for _, offset := range offsets {
		line, err := s.At(first, offset)
		var damage *segment.Damage
		if err != nil && !errors.As(err, &damage) {
			return nil, err
		}
		if err != nil {
			return s.search(first, keys)
		}
		switch has(entries.Of(&line).Keys, keys) {
		case itself:
			found = append(found, line)
		case neither:
			return s.search(first, keys)
		}
	}
	return found, nil
}

// keyMatch is the result of comparing the keys of a line with those of a lookup.
type keyMatch int

const (
	neither keyMatch = iota // the index is wrong about the line
	alike                   // another key of the same hash
	itself
)

func has(keys [][]byte, lookup []LookupKey) keyMatch {
	best := neither
	for _, k := range keys {
		for _, w := range lookup {
			switch {
			case string(k) == w.key:
				return itself
			case index.Hash(k) == index.Hash([]byte(w.key)):
				best = alike
			}
		}
	}
	return best
}

// search is Lookup without an index. It rules out most lines without parsing them.
func (s *Stream) search(first uint64, keys []LookupKey) (found []jsonl.Line, err error) {
	entries := s.Entries()
	err = VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		for _, k := range keys {
			if !bytes.Contains(line.Raw, k.needle) && !(k.escaped && bytes.IndexByte(line.Raw, '\\') >= 0) {
				continue
			}
			if has(entries.Of(line).Keys, keys) == itself {
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
	entries := s.Entries()
	err = VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		b.Add(entries.Of(line))
		return more()
	})
	return b, err
}

// Listed returns the selected lines of a segment, by its index or by reading it.
func (s *Stream) Listed(first uint64, which index.Selection) (list []index.Listed, err error) {
	lines, err := s.Lines(first)
	if err != nil {
		return nil, err
	}
	add := func(l index.Listed) { list = append(list, l) }
	if lines != nil && lines.Each(which, add) == nil {
		return list, nil
	}
	list = nil
	entries := s.Entries()
	err = VisitLines(s.Archive, first, func(line *jsonl.Line) bool {
		e := entries.Of(line)
		for _, l := range e.Listings {
			if which.Has(l) {
				add(index.Listed{Webhook: l.Webhook, Group: &l.Group, Offset: e.Offset, Seq: e.Seq})
			}
		}
		return true
	})
	return list, err
}

// IsGone reports whether an error means that a segment was removed since the folder was
// listed.
func IsGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// VisitLines visits the good records of a segment until visit returns false. It skips
// damaged ones, which package verify reports. It ends without an error if the segment is
// removed meanwhile.
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
