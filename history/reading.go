package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sidehook/history/segment"
)

// Reading is a history opened to be looked at, beside the process that writes
// it or without one. It changes nothing and takes no lock.
type Reading struct {
	events, deliveries *stream
	folder             io.Closer // nil if it is the caller's
}

// ErrNotFound says that no segment holds what was asked for.
var ErrNotFound = segment.ErrNotFound

// ErrNoHistory says that a folder holds no history.
var ErrNoHistory = errors.New("there is no history yet")

// Read opens the history in a folder to be looked at.
func Read(path string) (*Reading, error) {
	dir, err := segment.OpenDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoHistory)
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

func readDir(path string, dir segment.FS) (*Reading, error) {
	text, err := readFile(dir, formatFile)
	lost := errors.Is(err, fs.ErrNotExist)
	if err != nil && !lost {
		return nil, err
	}
	if !lost {
		if err := knownFormat(text); err != nil {
			return nil, err
		}
	}
	r, err := ReadFS(dir)
	if err == nil && lost && len(r.events.Segments())+len(r.deliveries.Segments()) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrNoHistory) // or FORMAT alone is lost, and the next start writes it
	}
	return r, err
}

// ReadFS opens the history on a file system to be looked at.
func ReadFS(fsys segment.FS) (*Reading, error) {
	events, err := openStream(fsys, segment.Events)
	if err != nil {
		return nil, err
	}
	deliveries, err := openStream(fsys, segment.Deliveries)
	if err != nil {
		return nil, err
	}
	return &Reading{events: events, deliveries: deliveries}, nil
}

// Close closes what is open.
func (r *Reading) Close() error {
	err := errors.Join(r.events.Close(), r.deliveries.Close())
	if r.folder != nil {
		err = errors.Join(err, r.folder.Close())
	}
	return err
}

// lines visits the good records of a segment until visit is false. Check tells
// of the others. Of one that is removed meanwhile there are no more.
func lines(a *segment.Archive, first uint64, visit func(*segment.Line) bool) error {
	err := a.Visit(first, 0, func(*segment.Damage) {}, visit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// JSON is the record as it stands in the history, without its checksum.
func (a *Accepted) JSON() []byte { return bare(a.Raw) }

// JSON is the record as it stands in the history, without its checksum.
func (o *Outcome) JSON() []byte { return bare(o.Raw) }

func bare(raw []byte) []byte {
	body, _ := segment.Sealed(raw)
	return append(bytes.Clone(body), '}')
}
