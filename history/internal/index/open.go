package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sort"
	"time"
)

// Index is an index that is open for reading. It reads its file when it is asked.
type Index struct {
	file     io.ReaderAt
	Lines    int
	Last     uint64 // the number of the last line
	seqs     [2]uint64
	groups   []group
	blocks   []block
	keys     int
	keysAt   int64
	pages    []page
	minutes  int // the length of the part, in bytes
	minuteAt int64
	crc      uint32 // of the minutes
}

type page struct{ first, crc uint32 }

// headGuess is how much is read at first, which is all of most heads.
const headGuess = 32 << 10

// maxHead bounds the memory that a bad file can ask for.
const maxHead = 64 << 20

// Open reads the head of an index. It returns ErrUnfit if it is not one of the segment.
func Open(file io.ReaderAt, of Segment) (*Index, error) {
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
	x := &Index{file: file}
	if !x.decode(&decoder{rest: head[:length]}, of, int64(preludeLen+length)) {
		return nil, ErrUnfit
	}
	return x, nil
}

// decode reads the head; at is where the other parts begin.
func (x *Index) decode(d *decoder, of Segment, at int64) bool {
	if d.string() != of.Stream || d.uint() != of.First || int64(d.uint()) != of.Size {
		return false
	}
	x.Lines, x.Last = int(d.uint()), d.uint()
	x.seqs = [2]uint64{d.uint(), d.uint()}
	x.groups = make([]group, d.count())
	for i := range x.groups {
		g := &x.groups[i]
		g.Group = Group{d.string(), d.string(), d.string(), int(d.uint())}
		g.count, g.length, g.crc, g.at = int(d.uint()), int(d.uint()), d.fixed(), at
		at += int64(g.length)
		if g.length < 0 || at < 0 {
			return false
		}
	}
	x.blocks = make([]block, d.count())
	var before block
	for i := range x.blocks {
		b := block{offset: before.offset + uint32(d.uint()), min: before.min + d.int()}
		b.max = b.min + d.int()
		x.blocks[i], before = b, b
	}
	x.keys, x.keysAt = int(d.uint()), at
	if x.keys < 0 || x.keys > math.MaxInt32 || (x.keys+pageKeys-1)/pageKeys > len(d.rest) {
		return false
	}
	x.pages = make([]page, (x.keys+pageKeys-1)/pageKeys)
	for i := range x.pages {
		x.pages[i] = page{d.fixed(), d.fixed()}
	}
	x.minutes, x.crc, x.minuteAt = int(d.uint()), d.fixed(), at+int64(x.keys)*keyLen
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

// part reads a part and verifies its checksum.
func (x *Index) part(at int64, length int, crc uint32) ([]byte, error) {
	if length < 0 || length > math.MaxInt32 {
		return nil, ErrUnfit
	}
	b, err := readUpTo(x.file, at, length)
	if err == nil && (len(b) < length || crc32.Checksum(b, castagnoli) != crc) {
		err = ErrUnfit
	}
	return b, err
}

// HasSeq reports whether a line may be about the event of that number.
func (x *Index) HasSeq(seq uint64) bool { return x.seqs[0] <= seq && seq <= x.seqs[1] }

// Within reports whether a line may be of a time from since to
// before until. Zero times are no bounds.
func (x *Index) Within(since, until time.Time) bool {
	return slices.ContainsFunc(x.blocks, func(b block) bool { return b.within(since, until) })
}

// WithinAt reports the same for the lines around an offset, and where these begin.
func (x *Index) WithinAt(offset uint32, since, until time.Time) (within bool, begin uint32) {
	i := sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i].offset > offset })
	if i == 0 {
		return true, 0
	}
	b := x.blocks[i-1]
	return b.within(since, until), b.offset
}

func (b *block) within(since, until time.Time) bool {
	return (since.IsZero() || b.max >= stamp(since)) && (until.IsZero() || b.min < stamp(until))
}

// Groups counts the lines of each group.
func (x *Index) Groups() map[Group]int {
	counts := make(map[Group]int, len(x.groups))
	for i := range x.groups {
		counts[x.groups[i].Group] = x.groups[i].count
	}
	return counts
}

// List returns the offsets of the lines of the groups that match, ascending, each once.
func (x *Index) List(match func(Group) bool) ([]uint32, error) {
	var list []uint32
	for i := range x.groups {
		g := &x.groups[i]
		if !match(g.Group) {
			continue
		}
		text, err := x.part(g.at, g.length, g.crc)
		if err != nil {
			return nil, err
		}
		d := decoder{rest: text}
		offset := uint32(0)
		for len(d.rest) > 0 {
			offset += uint32(d.uint())
			list = append(list, offset)
		}
		if d.failed {
			return nil, ErrUnfit
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// Lookup returns the offsets of the lines that may have a key, ascending: all that have
// it, and those of other keys with the same hash.
func (x *Index) Lookup(k string) (list []uint32, err error) {
	hash := Hash(k)
	// A page begins with a hash up to this one, and equal hashes may fill several
	// pages.
	i := sort.Search(len(x.pages), func(i int) bool { return x.pages[i].first >= hash })
	for i = max(i-1, 0); i < len(x.pages) && x.pages[i].first <= hash; i++ {
		count := min(pageKeys, x.keys-i*pageKeys)
		text, err := x.part(x.keysAt+int64(i*pageKeys*keyLen), count*keyLen, x.pages[i].crc)
		if err != nil {
			return nil, err
		}
		for at := 0; at < len(text); at += keyLen {
			if binary.LittleEndian.Uint32(text[at:]) == hash {
				list = append(list, binary.LittleEndian.Uint32(text[at+4:]))
			}
		}
	}
	return list, nil
}

// Minutes returns the counts, by time and webhook.
func (x *Index) Minutes() ([]Minute, error) {
	text, err := x.part(x.minuteAt, x.minutes, x.crc)
	if err != nil {
		return nil, err
	}
	var list []Minute
	d := decoder{rest: text}
	at := int64(0)
	for len(d.rest) > 0 {
		at += d.int()
		m := Minute{At: time.Unix(at*60, 0), Webhook: d.string()}
		for i := range m.Counts {
			m.Counts[i] = d.uint()
		}
		bucket := uint16(0)
		for range d.count() {
			bucket += uint16(d.uint())
			m.Took.AddBucket(bucket, d.uint())
		}
		list = append(list, m)
	}
	if d.failed {
		return nil, ErrUnfit
	}
	return list, nil
}
