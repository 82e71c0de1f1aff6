package index

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Builder makes the index of a segment. The lines are added in order; meanwhile it answers
// queries about those so far, as Index does. It takes some 40 bytes a line, and more for
// tallies.
type Builder struct {
	of       Segment
	lines    int
	last     uint64
	seqs     seqs
	listings numbered[Listing]
	types    map[string]bool
	listed   []listed // in the order of the lines
	blocks   blocks
	keys     []key // in the order of the lines
	minute   map[minuteKey]*Tally
}

// listed is one line in the list of one webhook.
type listed struct {
	seq     uint64
	offset  uint32
	listing uint32 // its number
}

// key has the hash of a key in its upper half, and in the lower one the offset of a line
// with that key.
type key uint64

func (k key) hash() uint32   { return uint32(k >> 32) }
func (k key) offset() uint32 { return uint32(k) }

type minuteKey struct {
	at      int64 // in minutes
	webhook string
}

// numbered gives each value a number, from 0.
type numbered[T comparable] struct {
	list    []T
	numbers map[T]uint32
}

func (n *numbered[T]) number(value T) uint32 {
	i, ok := n.numbers[value]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[T]uint32{}
		}
		i = uint32(len(n.list))
		n.numbers[value] = i
		n.list = append(n.list, value)
	}
	return i
}

// Build begins the index of a segment.
func Build(of Segment) *Builder {
	return &Builder{of: of, types: map[string]bool{}, minute: map[minuteKey]*Tally{}}
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
	b.seqs.add(e.Seq)
	for _, l := range e.Listings {
		b.list(l, e)
	}
	for _, k := range e.Keys {
		b.keys = append(room(b, b.keys, e), key(Hash(k))<<32|key(e.Offset))
	}
	if e.Tally {
		b.count(e)
	}
}

func (b *Builder) list(l Listing, e *Entry) {
	if !b.types[l.Type] {
		if len(b.types) == maxTypes {
			l.Type = ""
		} else {
			b.types[l.Type] = true
		}
	}
	b.listed = append(room(b, b.listed, e), listed{e.Seq, e.Offset, b.listings.number(l)})
}

// room grows a full list at once for all that is still to come. It estimates how much that
// is: it takes the rest of the segment to be like the part before the entry.
func room[T any](b *Builder, list []T, e *Entry) []T {
	if len(list) < cap(list) || len(list) < blockLines || b.of.Size <= int64(e.Offset) {
		return list
	}
	rest := float64(len(list)) * float64(b.of.Size-int64(e.Offset)) / float64(e.Offset)
	return slices.Grow(list, int(rest*1.02)+1)
}

func (b *Builder) count(e *Entry) {
	k := minuteKey{e.At.Unix() / 60, e.Webhook}
	t := b.minute[k]
	if t == nil {
		t = &Tally{}
		b.minute[k] = t
	}
	for set := e.Counters; set != 0; set &= set - 1 {
		t.Counts[bits.TrailingZeros16(uint16(set))]++
	}
	if e.Took > 0 {
		t.Took.Add(e.Took)
	}
}

// stamp returns a time in Unix nanoseconds. A time outside their range becomes the
// nearest one in it, and the zero time becomes 0.
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

// Minutes visits the counts so far, by time and webhook, until visit returns false.
func (b *Builder) Minutes(visit func(*Minute) (more bool)) {
	for _, k := range b.minutes() {
		if !visit(&Minute{time.Unix(k.at*60, 0), k.webhook, *b.minute[k]}) {
			return
		}
	}
}

func (b *Builder) minutes() []minuteKey {
	return slices.SortedFunc(maps.Keys(b.minute), func(x, y minuteKey) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.webhook, y.webhook))
	})
}

// The methods below answer as those of Index do.

func (b *Builder) HasSeq(seq uint64) bool { return b.seqs.has(seq) }

func (b *Builder) HasGroup(has func(Group) bool) bool {
	return slices.ContainsFunc(b.listings.list, func(l Listing) bool { return has(l.Group) })
}

func (b *Builder) Within(since, until time.Time) bool { return b.blocks.within(since, until) }

func (b *Builder) WithinAt(offset uint32, since, until time.Time) (some, all bool, begin uint32) {
	return b.blocks.withinAt(offset, since, until)
}

func (b *Builder) List(s Selection) (offsets []uint32, err error) {
	err = b.Each(s, func(l Listed) {
		if n := len(offsets); n == 0 || offsets[n-1] != l.Offset {
			offsets = append(offsets, l.Offset)
		}
	})
	return offsets, err
}

func (b *Builder) Each(s Selection, visit func(Listed)) error {
	has := make([]bool, len(b.listings.list))
	for i, l := range b.listings.list {
		has[i] = s.Has(l)
	}
	for _, l := range b.listed {
		if at := &b.listings.list[l.listing]; has[l.listing] && s.hasSeq(at.Webhook, l.seq) {
			visit(Listed{at.Webhook, &at.Group, l.offset, l.seq})
		}
	}
	return nil
}

func (b *Builder) Lookup(keys ...string) (offsets []uint32, err error) {
	const bits = 12
	var may [1 << bits]bool // by the last bits of a hash; rules out most lines without a look into the map
	hashes := make(map[uint32]bool, len(keys))
	for _, k := range keys {
		hash := Hash([]byte(k))
		hashes[hash], may[hash%(1<<bits)] = true, true
	}
	for _, k := range b.keys {
		if may[k.hash()%(1<<bits)] && hashes[k.hash()] {
			offsets = append(offsets, k.offset())
		}
	}
	return slices.Compact(offsets), nil
}
