// Package verify checks every line of a history: checksums, numbers and batches.
// It works while another process writes, and changes nothing. Command history
// check calls it.
package verify

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
)

// Checked is what Check found.
type Checked struct {
	Segments, Lines int
	Bytes           int64
	Problems        []history.Problem
	Known           []history.Problem // damage that was accepted before; it is in no other list
}

// Checker verifies a history, with or without a process that writes it. It changes
// nothing and takes no lock.
type Checker struct {
	fs                 vfs.ReadFS
	events, deliveries *segment.Archive
	folder             io.Closer // nil if it is the caller's
}

// Open opens the history in a folder. Errors: ErrNoHistory.
func Open(path string) (*Checker, error) {
	dir, err := vfs.OpenDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, history.ErrNoHistory)
	}
	if err != nil {
		return nil, err
	}
	there, err := files.HasFormat(dir)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	c, err := OpenFS(dir)
	if err == nil && !there && len(c.events.Segments())+len(c.deliveries.Segments()) == 0 {
		err = fmt.Errorf("%s: %w", path, history.ErrNoHistory)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	c.folder = dir
	return c, nil
}

// OpenFS opens the history on a file system.
func OpenFS(fsys vfs.ReadFS) (*Checker, error) {
	events, err := segment.NewArchive(fsys, segment.Events)
	if err != nil {
		return nil, err
	}
	deliveries, err := segment.NewArchive(fsys, segment.Deliveries)
	if err != nil {
		return nil, err
	}
	return &Checker{fs: fsys, events: events, deliveries: deliveries}, nil
}

// Close closes the files.
func (x *Checker) Close() error {
	err := errors.Join(x.events.Close(), x.deliveries.Close())
	if x.folder != nil {
		err = errors.Join(err, x.folder.Close())
	}
	return err
}

// Knows reports whether all of these problems are accepted as known.
func (x *Checker) Knows(problems []history.Problem) bool {
	known, err := files.LoadKnownDamage(x.fs)
	return err == nil && !slices.ContainsFunc(problems, func(p history.Problem) bool { return p.File != files.DamageFile && !known[files.Plain(p)] })
}

// Check reads and verifies every line of every segment. It works while another process
// writes: an incomplete last line in the segment being written is no damage. It calls
// progress now and then.
func (x *Checker) Check(progress func(read, total int64)) (Checked, error) {
	var c Checked
	known, err := files.LoadKnownDamage(x.fs)
	if err != nil {
		c.Problems = append(c.Problems, history.Problem{File: files.DamageFile, What: "damage that was accepted is reported again: " + err.Error()})
	}
	// The checkpoint is read before the lines, so that all lines that it claims must be
	// there (H4). One that is missing or damaged claims nothing. One without a clean
	// stop is not used: in a copy of the folder it may be newer than the segments.
	synced, _ := files.LoadCheckpoint(x.fs)
	if synced == nil || !synced.Stopped {
		synced = &files.Checkpoint{}
	}
	var total int64
	streams := []struct {
		*segment.Archive
		segment.Stream
		synced uint64
	}{{x.events, segment.Events, synced.Events.Number}, {x.deliveries, segment.Deliveries, synced.Deliveries.Number}}
	for _, s := range streams {
		for _, first := range s.Segments() {
			size, err := s.Size(first)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				total += size
			} // another error comes again when the segment is checked
		}
	}
	for _, s := range streams {
		k := checking{Checked: &c, fs: x.fs, archive: s.Archive, Stream: s.Stream, known: known}
		segments := s.Segments()
		for i, first := range segments {
			err := k.segment(first, i == len(segments)-1, func() { progress(c.Bytes, total) })
			if errors.Is(err, fs.ErrNotExist) {
				continue // retention has just removed it
			}
			if err != nil {
				k.problem(s.Archive.Name(first), 0, 0, "it cannot be read: "+err.Error())
			}
		}
		k.end(segments, s.synced)
	}
	return c, nil
}

// checking is the check of one stream.
type checking struct {
	*Checked
	segment.Stream
	fs      vfs.ReadFS
	archive *segment.Archive
	known   map[history.Problem]bool
	number  uint64 // of the last record
	batch   uint64
}

// segment checks one segment, and the file that it is compressed in.
func (k *checking) segment(first uint64, last bool, tick func()) error {
	if err := k.lines(first, last, tick); err != nil {
		return err
	}
	flaws, err := k.archive.Flaws(first)
	for _, f := range flaws {
		k.problem(k.archive.Name(first), 0, f.Offset, f.Why)
	}
	return err
}

func (k *checking) lines(first uint64, last bool, tick func()) error {
	name := k.archive.Name(first)
	s, err := k.archive.Scan(first, 0)
	if err != nil {
		return err
	}
	k.Segments++
	start := k.Bytes
	for n := 1; ; n++ {
		line, err := s.Next()
		k.Bytes = start + s.Offset()
		var damage *segment.Damage
		switch {
		case errors.As(err, &damage):
			k.problem(name, n, damage.Offset, damage.Reason)
			continue
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, segment.ErrTorn):
			if !last {
				k.problem(name, n, s.Offset(), "the line has no end")
			}
			return nil
		case err != nil:
			return err
		}
		k.line(name, n, first, &line)
		if k.Lines++; k.Lines%4096 == 0 {
			tick()
		}
	}
}

// line compares one record with the one before it.
func (k *checking) line(name string, n int, first uint64, line *jsonl.Line) {
	at := int64(line.Location.Offset)
	switch {
	case n == 1 && line.Number != first:
		k.problem(name, n, at, fmt.Sprintf("the file's name says %s %d, its first line says %d", k.Key, first, line.Number))
	case line.Number <= k.number:
		k.problem(name, n, at, fmt.Sprintf("%s %d comes after %s %d", k.Key, line.Number, k.Key, k.number))
	case line.Number > k.number+1:
		k.missing(name, n, at, seqset.Span[uint64]{From: k.number + 1, To: line.Number - 1}, "before it")
	}
	if line.Batch < k.batch {
		k.problem(name, n, at, fmt.Sprintf("batch %d comes after batch %d", line.Batch, k.batch))
	}
	k.number, k.batch = line.Number, line.Batch
}

// end compares the last record with the last one that was synced.
func (k *checking) end(segments []uint64, synced uint64) {
	last, name := k.number, k.Link()
	if len(segments) > 0 {
		first := segments[len(segments)-1]
		last, name = max(last, first-1), k.archive.Name(first)
	}
	if last < synced {
		k.missing(name, 0, 0, seqset.Span[uint64]{From: last + 1, To: synced}, "at its end")
	}
}

// missing compares the missing numbers with those that retention has removed. Retention
// records them before it removes segments, so its list is read only now.
func (k *checking) missing(name string, n int, at int64, missing seqset.Span[uint64], where string) {
	removed, err := files.LoadRemoved(k.fs, k.Stream)
	if err != nil {
		k.problem(files.RemovedFileOf(k.Stream), 0, 0, err.Error())
	}
	for _, s := range removed.Outside(missing) {
		k.problem(name, n, at, fmt.Sprintf("%s %d to %d are missing %s", k.Key, s.From, s.To, where))
	}
}

func (k *checking) problem(file string, line int, offset int64, what string) {
	p := history.Problem{File: file, Line: line, Offset: offset, What: what}
	if k.known[files.Plain(p)] {
		k.Known = append(k.Known, p)
		return
	}
	k.Problems = append(k.Problems, p)
}
