package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sidehook/history/internal/seekable"
	"sidehook/history/internal/vfs"
)

// Compression writes the compressed form of a finished segment and replaces the plain
// one by it. It may be killed at any point, and then begins again:
//
//	killed                          leaves                     and then
//	in Write                        NAME.jsonl.zst.tmp         removed, begun again
//	in Install, before its sync     either name of it          the same; the plain one exists
//	after that                      both forms                 the plain one counts (S6); Write finds the other equal
//	in Finish, before its sync      both, or the compressed    as above, or done
type Compression struct {
	fs     vfs.FS
	stream Stream
	first  uint64
	// Before and After are the sizes of both forms in bytes, known once Write
	// has returned.
	Before, After int64
	placed        bool
}

// ErrUnequal is the error if both forms of a segment are valid and have different texts.
// Neither is changed, because nothing shows which is right.
var ErrUnequal = errors.New("the plain and the compressed form are not of the same text")

// syncEvery is how much of a compressed segment is written between syncs. Other syncs
// may have to wait while one writes so much.
const syncEvery = 1 << 20

// Compress returns the Compression of the segment that begins at first.
func Compress(fsys vfs.FS, stream Stream, first uint64) *Compression {
	return &Compression{fs: fsys, stream: stream, first: first}
}

// Write writes the compressed form under another name, durably, and verifies it, or finds
// that it exists already. It calls pace after each piece of work; if that fails, Write
// removes what it has written and returns the error.
func (p *Compression) Write(pace func() error) error {
	plain, err := p.fs.Open(p.stream.File(p.first))
	if err != nil {
		return err
	}
	defer plain.Close() // it was only read
	if p.Before, err = plain.Size(); err != nil {
		return err
	}
	switch err := p.verify(p.stream.Compressed(p.first), plain, pace); {
	case err == nil:
		p.placed = true
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errFlawed):
	default:
		return err
	}
	if err = p.Discard(); err == nil {
		err = p.write(plain, pace)
	}
	if err == nil {
		err = p.verify(p.beside(), plain, pace)
	}
	if err != nil {
		return errors.Join(err, p.Discard())
	}
	return nil
}

func (p *Compression) beside() string { return p.stream.Compressed(p.first) + ".tmp" }

// Discard removes what Write has written, if it was not installed.
func (p *Compression) Discard() error {
	return vfs.Clear(p.fs, p.beside())
}

func (p *Compression) write(plain vfs.ReadFile, pace func() error) error {
	file, err := p.fs.Create(p.beside())
	if err != nil {
		return err
	}
	unsynced := 0
	err = seekable.Compress(file, plain, p.Before, func(written int) error {
		if unsynced += written; unsynced >= syncEvery {
			unsynced = 0
			if err := file.Sync(); err != nil {
				return err
			}
		}
		return pace()
	})
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

var errFlawed = errors.New("the compressed form is damaged")

// verify reads a compressed file back and compares it with the plain one.
func (p *Compression) verify(name string, plain vfs.ReadFile, pace func() error) error {
	file, err := p.fs.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	if p.After, err = file.Size(); err != nil {
		return err
	}
	r, err := seekable.Open(file, p.After, &seekable.Cache{})
	if err != nil {
		return err
	}
	same, err := equal(plain, r, p.Before, pace)
	switch {
	case err != nil:
		return err
	case len(r.Flaws()) > 0:
		return errFlawed
	case !same || r.Size() != p.Before:
		return ErrUnequal
	}
	return nil
}

// equal reads both completely, so that every flaw is found, and reports whether they have
// the same bytes up to a size.
func equal(x, y io.ReaderAt, size int64, pace func() error) (bool, error) {
	same := true
	a, b := make([]byte, readChunk), make([]byte, readChunk)
	for off := int64(0); off < size; off += readChunk {
		n := min(readChunk, size-off)
		for _, side := range []struct {
			io.ReaderAt
			to []byte
		}{{x, a[:n]}, {y, b[:n]}} {
			if _, err := side.ReadAt(side.to, off); err != nil && err != io.EOF {
				return false, err
			}
		}
		same = same && bytes.Equal(a[:n], b[:n])
		if err := pace(); err != nil {
			return false, err
		}
	}
	return same, nil
}

// Install gives the compressed form its name, durably. From then on both forms exist.
func (p *Compression) Install() error {
	if p.placed {
		return nil
	}
	if err := p.fs.Rename(p.beside(), p.stream.Compressed(p.first)); err != nil {
		return err
	}
	if err := p.sync(); err != nil {
		return err
	}
	p.placed = true
	return nil
}

// Finish removes the plain form, durably. Readers that have it open can still read it.
func (p *Compression) Finish() error {
	// A killed process may have renamed it without a sync.
	if err := p.sync(); err != nil {
		return err
	}
	if err := p.fs.Remove(p.stream.File(p.first)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return p.sync()
}

// sync makes names durable. Its error is final, as of any such sync.
func (p *Compression) sync() error {
	if err := p.fs.Sync(); err != nil {
		return fmt.Errorf("compress %s: %w: %w", p.stream.File(p.first), vfs.ErrUnsynced, err)
	}
	return nil
}
