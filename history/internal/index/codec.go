package index

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// encoder appends the parts of an index.
type encoder []byte

func (e *encoder) uint(list ...uint64) {
	for _, n := range list {
		*e = binary.AppendUvarint(*e, n)
	}
}

func (e *encoder) int(list ...int64) {
	for _, n := range list {
		*e = binary.AppendVarint(*e, n)
	}
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	*e = append(*e, s...)
}

// part appends the length and the checksum of a part that is elsewhere in the file.
func (e *encoder) part(content []byte) {
	e.uint(uint64(len(content)))
	*e = binary.LittleEndian.AppendUint32(*e, crc32.Checksum(content, castagnoli))
}

// decoder reads the parts of an index. When a value is missing it sets failed and returns
// zeros from then on, so that a caller checks once, at the end. It must not trust its
// input, because a checksum only guards against accidents.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.rest)
	return d.took(n, size)
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.rest)
	return int64(d.took(uint64(n), size))
}

func (d *decoder) took(n uint64, size int) uint64 {
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// count reads how many values follow. Each takes at least one byte, which bounds the number.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) fixed() uint32 {
	if len(d.rest) < 4 {
		d.fail()
		return 0
	}
	n := binary.LittleEndian.Uint32(d.rest)
	d.rest = d.rest[4:]
	return n
}

func (d *decoder) string() string { return string(d.bytes()) }

// bytes reads a string. It shares the memory of the input.
func (d *decoder) bytes() []byte {
	n := d.count()
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// part reads the length and the checksum of the part at an offset, and moves the offset to
// the end of that part.
func (d *decoder) part(at *int64) part {
	p := part{*at, int(d.uint()), d.fixed()}
	if p.length < 0 || p.length > math.MaxInt32 {
		d.fail()
		return part{}
	}
	*at += int64(p.length)
	return p
}

func (d *decoder) fail() { d.rest, d.failed = nil, true }
