package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
)

// Index is the head of an index. It reads the other parts from the file when they are
// needed. A head may be kept and shared: From gives it another reader's file.
type Index struct {
	open     func() (File, error)
	Lines    int
	Last     uint64 // the number of the last line
	HeadSize int    // in bytes
	seqs     seqs
	groups   []group
	blocks   blocks
	webhooks []page
	keys     keyPages
	minutes  part
}

// File is the file of an index.
type File interface {
	io.ReaderAt
	io.Closer
}

// part is a part of the file.
type part struct {
	at     int64
	length int
	crc    uint32
}

type group struct {
	Group
	count    int
	postings part
}

// page has runs of webhooks.
type page struct {
	first string // the webhook of the first run
	part
}

// keyPages are the pages of the keys, which follow each other.
type keyPages struct {
	count int // of keys
	at    int64
	pages []keyPage
}

type keyPage struct{ first, crc uint32 }

// headGuess is how much is read at first: most heads are smaller.
const headGuess = 16 << 10

// maxHead bounds the memory that a bad file can ask for.
const maxHead = 64 << 20

// Open reads the head of an index. It returns ErrUnfit if it is not one of the segment.
// open is called whenever a part of the file is read.
func Open(open func() (File, error), of Segment) (*Index, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	defer file.Close() // only read from
	start, err := readUpTo(file, 0, headGuess)
	if err != nil {
		return nil, err
	}
	if len(start) < preludeLen || string(start[:len(magic)]) != magic {
		return nil, ErrUnfit
	}
	length := int(binary.LittleEndian.Uint32(start[len(magic):]))
	crc := binary.LittleEndian.Uint32(start[len(magic)+4:])
	head := start[preludeLen:]
	if length > maxHead {
		return nil, ErrUnfit
	}
	if length > len(head) {
		if head, err = readUpTo(file, int64(preludeLen), length); err != nil {
			return nil, err
		}
	}
	if length > len(head) || crc32.Checksum(head[:length], castagnoli) != crc {
		return nil, ErrUnfit
	}
	x := &Index{open: open, HeadSize: length}
	if !x.decode(&decoder{rest: head[:length]}, of, int64(preludeLen+length)) {
		return nil, ErrUnfit
	}
	return x, nil
}

// From returns the index with another way to open its file, or a copy of the file.
func (x *Index) From(open func() (File, error)) *Index {
	copied := *x
	copied.open = open
	return &copied
}

// decode reads the head; at is where the other parts begin.
func (x *Index) decode(d *decoder, of Segment, at int64) bool {
	if d.string() != of.Stream || d.uint() != of.First || int64(d.uint()) != of.Size {
		return false
	}
	x.Lines, x.Last = int(d.uint()), d.uint()
	x.seqs = seqs{d.uint(), d.uint()}
	x.groups = make([]group, d.count())
	for i := range x.groups {
		g := &x.groups[i]
		g.Group = Group{d.string(), d.string(), int(d.uint()), d.uint() > 0}
		g.count, g.postings = int(d.uint()), d.part(&at)
	}
	x.blocks = make(blocks, d.count())
	var before block
	for i := range x.blocks {
		b := block{offset: before.offset + uint32(d.uint()), min: before.min + d.int()}
		b.max = b.min + d.int()
		x.blocks[i], before = b, b
	}
	x.webhooks = make([]page, d.count())
	for i := range x.webhooks {
		x.webhooks[i] = page{d.string(), d.part(&at)}
	}
	keys := d.uint()
	pages := (keys + pageKeys - 1) / pageKeys
	if keys > math.MaxInt32 || pages > uint64(len(d.rest)) {
		return false
	}
	x.keys = keyPages{int(keys), at, make([]keyPage, pages)}
	for i := range x.keys.pages {
		x.keys.pages[i] = keyPage{d.fixed(), d.fixed()}
	}
	at += int64(keys) * keyLen
	x.minutes = d.part(&at)
	return !d.failed && len(d.rest) == 0
}

// readUpTo reads so many bytes, or as many as there are.
func readUpTo(file io.ReaderAt, at int64, length int) ([]byte, error) {
	b := make([]byte, length)
	n, err := file.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read an index: %w", err)
	}
	return b[:n], nil
}

// read reads parts, verifies the checksum of each, and passes it to use until use returns
// false.
func (x *Index) read(parts iter.Seq[part], use func([]byte) (more bool)) (err error) {
	var file File
	for p := range parts {
		if file == nil {
			if file, err = x.open(); err != nil {
				return ErrUnfit // it was removed
			}
			defer file.Close() // only read from
		}
		b, err := readUpTo(file, p.at, p.length)
		if err == nil && (len(b) < p.length || crc32.Checksum(b, castagnoli) != p.crc) {
			err = ErrUnfit
		}
		if err != nil {
			return err
		}
		if !use(b) {
			break
		}
	}
	return nil
}
