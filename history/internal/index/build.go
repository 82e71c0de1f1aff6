package index

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"time"
)

// Builder makes the index of a segment from its lines, in order.
type Builder struct {
	of     Segment
	lines  int
	last   uint64
	seqs   [2]uint64 // the lowest and the highest
	groups map[Group]*posting
	types  map[string]bool
	blocks []block
	keys   []key
	minute map[minuteKey]*Tally
}

type posting struct {
	count int
	last  uint32
	bytes []byte // deltas of offsets, as varints
}

type key struct{ hash, offset uint32 }

type minuteKey struct {
	at      int64 // in minutes
	webhook string
}

// Build begins the index of a segment.
func Build(of Segment) *Builder {
	return &Builder{of: of, groups: map[Group]*posting{}, types: map[string]bool{}, minute: map[minuteKey]*Tally{}}
}

// Add adds the next line.
func (b *Builder) Add(e *Entry) {
	at := stamp(e.At)
	if b.lines%blockLines == 0 {
		b.blocks = append(b.blocks, block{e.Offset, at, at})
	}
	times := &b.blocks[len(b.blocks)-1]
	times.min, times.max = min(times.min, at), max(times.max, at)
	b.lines++
	b.last = e.Number
	if e.Seq > 0 {
		if b.seqs[0] == 0 || e.Seq < b.seqs[0] {
			b.seqs[0] = e.Seq
		}
		b.seqs[1] = max(b.seqs[1], e.Seq)
	}
	for _, g := range e.Groups {
		b.list(g, e.Offset)
	}
	for _, k := range e.Keys {
		b.keys = append(b.keys, key{Hash(k), e.Offset})
	}
	if e.Tally {
		b.count(e)
	}
}

func (b *Builder) list(g Group, offset uint32) {
	if !b.types[g.Type] {
		if len(b.types) == maxTypes {
			g.Type = ""
		} else {
			b.types[g.Type] = true
		}
	}
	p := b.groups[g]
	if p == nil {
		p = &posting{}
		b.groups[g] = p
	}
	p.bytes = binary.AppendUvarint(p.bytes, uint64(offset-p.last))
	p.last = offset
	p.count++
}

func (b *Builder) count(e *Entry) {
	k := minuteKey{e.At.Unix() / 60, e.Webhook}
	t := b.minute[k]
	if t == nil {
		t = &Tally{}
		b.minute[k] = t
	}
	for _, c := range e.Counters {
		t.Counts[c]++
	}
	if e.Took > 0 {
		t.Took.Add(e.Took)
	}
}

// stamp returns a time as an index has it: in Unix nanoseconds, or the nearest that
// there is.
func stamp(at time.Time) int64 {
	switch {
	case at.IsZero():
		return 0
	case at.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case at.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return at.UnixNano()
}

// Minutes returns the counts so far, by time and webhook.
func (b *Builder) Minutes() []Minute {
	var list []Minute
	for _, k := range b.sorted() {
		list = append(list, Minute{time.Unix(k.at*60, 0), k.webhook, *b.minute[k]})
	}
	return list
}

func (b *Builder) sorted() []minuteKey {
	return slices.SortedFunc(maps.Keys(b.minute), func(x, y minuteKey) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.webhook, y.webhook))
	})
}

// Groups counts the lines of each group so far.
func (b *Builder) Groups() map[Group]int {
	counts := make(map[Group]int, len(b.groups))
	for g, p := range b.groups {
		counts[g] = p.count
	}
	return counts
}

// Finish returns the index as a file.
func (b *Builder) Finish() []byte {
	slices.SortFunc(b.keys, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.offset, y.offset))
	})
	var head, body encoder
	head.string(b.of.Stream)
	head.uint(b.of.First, uint64(b.of.Size), uint64(b.lines), b.last, b.seqs[0], b.seqs[1])
	groups := slices.SortedFunc(maps.Keys(b.groups), func(x, y Group) int {
		return cmp.Or(cmp.Compare(x.Webhook, y.Webhook), cmp.Compare(x.Type, y.Type), cmp.Compare(x.Status, y.Status), cmp.Compare(x.Code, y.Code))
	})
	head.uint(uint64(len(groups)))
	for _, g := range groups {
		p := b.groups[g]
		head.string(g.Webhook)
		head.string(g.Type)
		head.string(g.Status)
		head.uint(uint64(g.Code), uint64(p.count))
		head.part(p.bytes)
		body = append(body, p.bytes...)
	}
	head.uint(uint64(len(b.blocks)))
	var before block
	for _, x := range b.blocks {
		head.uint(uint64(x.offset - before.offset))
		head.int(x.min-before.min, x.max-x.min)
		before = x
	}
	head.uint(uint64(len(b.keys)))
	for page := range slices.Chunk(b.keys, pageKeys) {
		from := len(body)
		for _, k := range page {
			body = binary.LittleEndian.AppendUint32(body, k.hash)
			body = binary.LittleEndian.AppendUint32(body, k.offset)
		}
		head = binary.LittleEndian.AppendUint32(head, page[0].hash)
		head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(body[from:], castagnoli))
	}
	minutes := b.encodeMinutes()
	head.part(minutes)

	file := append(make([]byte, 0, preludeLen+len(head)+len(body)+len(minutes)), magic...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(head)))
	file = binary.LittleEndian.AppendUint32(file, crc32.Checksum(head, castagnoli))
	return append(append(append(file, head...), body...), minutes...)
}

func (b *Builder) encodeMinutes() encoder {
	var e encoder
	before := int64(0)
	for _, k := range b.sorted() {
		t := b.minute[k]
		e.int(k.at - before)
		e.string(k.webhook)
		e.uint(t.Counts[:]...)
		e.uint(uint64(len(t.Took)))
		last := uint16(0)
		for _, bucket := range slices.Sorted(maps.Keys(t.Took)) {
			e.uint(uint64(bucket-last), t.Took[bucket])
			last = bucket
		}
		before = k.at
	}
	return e
}
