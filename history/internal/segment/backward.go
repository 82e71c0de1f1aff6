package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sidehook/history/internal/jsonl"
)

// Backward reads the records of one segment from its end, a block of the file at a
// time, so that it need not read the older ones.
type Backward struct {
	archive *Archive
	first   uint64
	file    io.ReaderAt
	buf     []byte // the lines not read yet that are in memory
	off     int64  // of buf in the file
	atLine  bool   // buf ends at the end of a line
}

// Backward reads the records of a segment before an offset, the
// last one first. What follows the last line feed before it, such as a
// line that is being written, is skipped.
func (a *Archive) Backward(first uint64, before int64) (*Backward, error) {
	size, err := a.Size(first)
	if err != nil {
		return nil, err
	}
	return &Backward{archive: a, first: first, file: reader{a, first}, off: min(before, size)}, nil
}

// Next returns the record before the one it returned last: io.EOF if there is none,
// a *Damage for a damaged line, before which the next call goes on.
// The line stays valid.
func (b *Backward) Next() (jsonl.Line, error) {
	for seen := 0; ; {
		// The line feed that ends the line before; the line's own does not
		// count.
		rest := b.buf[:len(b.buf)-seen]
		if b.atLine && seen == 0 && len(rest) > 0 {
			rest = rest[:len(rest)-1]
		}
		switch i := bytes.LastIndexByte(rest, '\n'); {
		case i >= 0 && !b.atLine:
			b.buf, b.atLine, seen = b.buf[:i+1], true, 0
			continue
		case i >= 0:
			return b.take(i + 1)
		case b.off > 0:
			seen = len(b.buf)
			if err := b.fill(); err != nil {
				return jsonl.Line{}, err
			}
			continue
		case b.atLine && len(b.buf) > 0:
			return b.take(0)
		}
		return jsonl.Line{}, io.EOF
	}
}

// take returns the record of the line that begins at start in the buffer.
func (b *Backward) take(start int) (jsonl.Line, error) {
	raw := b.buf[start : len(b.buf)-1 : len(b.buf)-1]
	offset := b.off + int64(start)
	length := uint32(len(b.buf) - start)
	b.buf = b.buf[:start]
	line, reason := jsonl.Parse(b.archive.stream.Key, raw)
	if reason != "" {
		return jsonl.Line{}, b.archive.explain(b.first, &Damage{File: b.archive.stream.File(b.first), Offset: offset, Length: int64(length), Reason: reason})
	}
	line.Location = jsonl.Location{Segment: b.first, Offset: uint32(offset), Length: length}
	return line, nil
}

// fill reads the block before what the buffer holds.
func (b *Backward) fill() error {
	if len(b.buf) >= MaxLine {
		return fmt.Errorf("%s: a line of more than %d bytes ends at byte %d", b.archive.stream.File(b.first), MaxLine, b.off+int64(len(b.buf)))
	}
	// Blocks grow with the length of a line.
	n := int(min(b.off, int64(max(readChunk, len(b.buf)))))
	buf := make([]byte, n+len(b.buf))
	if _, err := b.file.ReadAt(buf[:n], b.off-int64(n)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", b.archive.stream.File(b.first), err)
	}
	copy(buf[n:], b.buf)
	b.buf, b.off = buf, b.off-int64(n)
	return nil
}
