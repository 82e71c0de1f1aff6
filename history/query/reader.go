// Package query reads a history: attempts, events and what became of them, statistics,
// and the records as they are written. It works with and without a process that writes,
// takes no lock and changes nothing. The relay, its API and the commands call it.
package query

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// Reader is a history that is open for reading, with or without a process that writes it.
// It changes nothing and takes no lock.
type Reader struct {
	events, deliveries *lookup.Stream
	folder             io.Closer // nil if it is the caller's
}

// Open opens the history in a folder to read. Errors: ErrNoHistory.
func Open(path string) (*Reader, error) {
	dir, err := vfs.OpenDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, history.ErrNoHistory)
	}
	if err != nil {
		return nil, err
	}
	r, err := readDir(path, dir)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	r.folder = dir
	return r, nil
}

func readDir(path string, dir vfs.ReadFS) (*Reader, error) {
	there, err := files.HasFormat(dir)
	if err != nil {
		return nil, err
	}
	r, err := OpenFS(dir)
	if err == nil && !there && len(r.events.Segments())+len(r.deliveries.Segments()) == 0 {
		return nil, fmt.Errorf("%s: %w", path, history.ErrNoHistory) // or only FORMAT is lost; then the next start writes it
	}
	return r, err
}

// OpenFS opens the history on a file system to read.
func OpenFS(fsys vfs.ReadFS) (*Reader, error) {
	events, err := lookup.OpenStream(fsys, segment.Events)
	if err != nil {
		return nil, err
	}
	deliveries, err := lookup.OpenStream(fsys, segment.Deliveries)
	if err != nil {
		return nil, err
	}
	return &Reader{events: events, deliveries: deliveries}, nil
}

// Memory keeps what a process has read of a history from one search to the next, so that it
// reads each index, and each record that no index has yet, once. It is for one history,
// which the same process must write. The zero value works. It is for concurrent use.
type Memory struct{ events, deliveries lookup.Memory }

// Use makes the reader search with a Memory, and add to it.
func (r *Reader) Use(m *Memory) {
	r.events.Memory, r.deliveries.Memory = &m.events, &m.deliveries
}

// Close closes the files.
func (r *Reader) Close() error {
	err := errors.Join(r.events.Close(), r.deliveries.Close())
	if r.folder != nil {
		err = errors.Join(err, r.folder.Close())
	}
	return err
}

// Records visits the good records of the deliveries, the oldest first, until visit
// returns false. A record is valid until the next one.
func (r *Reader) Records(visit func(*history.DeliveryRecord) bool) error {
	more := true
	for _, first := range r.deliveries.Segments() {
		err := lookup.VisitLines(r.deliveries.Archive, first, func(line *jsonl.Line) bool {
			o := history.ParseDeliveryRecord(line)
			more = visit(&o)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}
