package segment

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"

	"sidehook/history/internal/seekable"
	"sidehook/history/internal/vfs"
)

// text is a segment open for reading: a plain file, or a compressed one.
type text interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// compressed is a compressed segment, which reads as the plain text (S6).
type compressed struct {
	*seekable.Reader
	file vfs.ReadFile
}

func (p *compressed) Close() error         { return p.file.Close() }
func (p *compressed) Size() (int64, error) { return p.Reader.Size(), nil }

// openCompressed opens the compressed form of a segment. If that is missing,
// too, it returns the error of the plain one.
func openCompressed(fsys vfs.ReadFS, stream Stream, first uint64, cache *seekable.Cache, plain error) (text, error) {
	file, err := fsys.Open(stream.Compressed(first))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, plain
	}
	if err != nil {
		return nil, err
	}
	size, err := file.Size()
	var r *seekable.Reader
	if err == nil {
		r, err = seekable.Open(file, size, cache)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &compressed{r, file}, nil
}

// compressed returns the compressed form of a segment, nil if the plain one is read.
func (a *Archive) compressed(first uint64) (*compressed, error) {
	f, err := a.file(first)
	p, _ := f.(*compressed)
	return p, err
}

// Name returns the name of the file that a segment is read from.
func (a *Archive) Name(first uint64) string {
	if p, err := a.compressed(first); err == nil && p != nil {
		return a.stream.Compressed(first)
	}
	return a.stream.File(first)
}

// PlainName returns the name of a segment's uncompressed file.
func PlainName(name string) string { return strings.TrimSuffix(name, compressedSuffix) }

// explain adds to damage which file it is in, and whether the compressed form is the
// reason.
func (a *Archive) explain(first uint64, d *Damage) *Damage {
	p, err := a.compressed(first)
	if err != nil || p == nil {
		return d
	}
	d.File = a.stream.Compressed(first)
	if why := p.Lost(d.Offset, d.Offset+d.Length); why != "" {
		d.Reason = why
	}
	return d
}

// Flaws returns the places of a compressed segment's file that are not what was written,
// as far as it was read.
func (a *Archive) Flaws(first uint64) ([]seekable.Flaw, error) {
	p, err := a.compressed(first)
	if err != nil || p == nil {
		return nil, err
	}
	return p.Flaws(), nil
}

// LineAt returns the number of the line, from 1, that has an offset of a segment.
func (a *Archive) LineAt(first uint64, offset int64) (int, error) {
	section := io.NewSectionReader(reader{a, first}, 0, offset)
	buf := make([]byte, readChunk)
	for line := 1; ; {
		n, err := section.Read(buf)
		line += bytes.Count(buf[:n], []byte{'\n'})
		if err == io.EOF {
			return line, nil
		}
		if err != nil {
			return line, err
		}
	}
}
