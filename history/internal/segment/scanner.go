package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sidehook/history/internal/jsonl"
)

// MaxLine bounds a line, and with it what a damaged file can make a reader
// hold in memory.
const MaxLine = 128 << 20

// ErrTorn is the error if the segment ends in a line without line feed, which is being
// written or was cut off by a crash.
var ErrTorn = errors.New("the last line is incomplete")

// Damage is a line that is not what was written.
type Damage struct {
	File   string
	Offset int64
	Length int64 // with its line feed
	Zeros  bool  // it has zero bytes, as where a power cut lost a page
	Page   bool  // its zero bytes are from its beginning to the end of a page
	Reason string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("%s: damaged line at byte %d: %s", d.File, d.Offset, d.Reason)
}

// Scanner reads the records of one segment in order.
type Scanner struct {
	stream Stream
	first  uint64
	file   io.ReaderAt
	off    int64 // of buf[0] in the file
	end    int64 // read no further
	buf    []byte
	at     int // of the next line in buf
	chunk  int

	explain func(first uint64, d *Damage) *Damage
}

// pageSize is the unit in bytes in which file systems lose data that was not synced.
const pageSize = 4 << 10

// readChunk is how much a scanner reads at a time in bytes.
const readChunk = 256 << 10

// NewScanner returns a Scanner of the segment that begins at first, from an offset, which
// is the beginning of a line, up to end.
func NewScanner(stream Stream, first uint64, file io.ReaderAt, offset, end int64) *Scanner {
	plain := func(_ uint64, d *Damage) *Damage { return d }
	return &Scanner{stream: stream, first: first, file: file, off: offset, end: end, chunk: readChunk, explain: plain}
}

// Offset returns where the next line begins.
func (s *Scanner) Offset() int64 { return s.off + int64(s.at) }

// Next returns the next record: io.EOF after the last one, ErrTorn if what remains
// is not a complete line, a *Damage for a damaged line, after which the next call goes
// on.
func (s *Scanner) Next() (jsonl.Line, error) {
	seen := s.at
	for {
		if i := bytes.IndexByte(s.buf[seen:], '\n'); i >= 0 {
			return s.take(seen + i + 1)
		}
		seen = len(s.buf)
		more, err := s.fill()
		if err != nil {
			return jsonl.Line{}, err
		}
		seen -= more.moved
		if more.read == 0 {
			break
		}
	}
	if s.at == len(s.buf) {
		return jsonl.Line{}, io.EOF
	}
	return jsonl.Line{}, ErrTorn
}

// take returns the record of the line that ends before next.
func (s *Scanner) take(next int) (jsonl.Line, error) {
	raw := s.buf[s.at : next-1]
	offset := s.Offset()
	s.at = next
	line, reason := jsonl.Parse(s.stream.Key, raw)
	if reason != "" {
		zeros := len(raw) - len(bytes.TrimLeft(raw, "\x00"))
		return jsonl.Line{}, s.explain(s.first, &Damage{
			File: s.stream.File(s.first), Offset: offset, Length: int64(len(raw)) + 1, Reason: reason,
			Zeros: bytes.IndexByte(raw, 0) >= 0, Page: zeros > 0 && (offset+int64(zeros))%pageSize == 0,
		})
	}
	line.Location = jsonl.Location{Segment: s.first, Offset: uint32(offset), Length: uint32(len(raw) + 1)}
	return line, nil
}

type filled struct{ read, moved int }

// fill reads what comes after the buffer.
func (s *Scanner) fill() (f filled, err error) {
	f.moved = s.at
	s.off += int64(s.at)
	kept := copy(s.buf, s.buf[s.at:])
	s.buf, s.at = s.buf[:kept], 0
	if kept >= MaxLine {
		return f, fmt.Errorf("%s: a line of more than %d bytes at byte %d", s.stream.File(s.first), MaxLine, s.off)
	}
	want := int(min(int64(s.chunk), s.end-s.off-int64(kept)))
	if want <= 0 {
		return f, nil
	}
	if cap(s.buf) < kept+want {
		s.buf = append(make([]byte, 0, max(2*cap(s.buf), kept+want)), s.buf...)
	}
	f.read, err = s.file.ReadAt(s.buf[kept:kept+want], s.off+int64(kept))
	s.buf = s.buf[:kept+f.read]
	if err == io.EOF {
		err = nil
	}
	if err != nil {
		return f, fmt.Errorf("read %s: %w", s.stream.File(s.first), err)
	}
	return f, nil
}
