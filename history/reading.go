package history

import (
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

// Read opens the history in a folder to be looked at. Errors: ErrNoHistory.
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
	there, err := known(dir)
	if err != nil {
		return nil, err
	}
	r, err := ReadFS(dir)
	if err == nil && !there && len(r.events.Segments())+len(r.deliveries.Segments()) == 0 {
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
