package journal

import (
	"hash/maphash"
	"sync"

	"sidehook/history"
	"sidehook/history/event"
)

// windowEvents is how many events back a repeat is known.
const windowEvents = 100_000

// identity is what a repeat of an event has in common with it: 128 bits of
// hash of its source and id, and 64 of its content. The hashes are seeded anew
// in each process, so that no sender can make two events collide.
type identity struct {
	key     [2]uint64
	content uint64
}

// remembered is an event in the window of duplicates.
type remembered struct {
	identity
	receipt history.Receipt
}

// dedupeWindow is the window in which a repeat is known: a ring of the last
// events, which belongs to the writer alone. It grows as it fills.
type dedupeWindow struct {
	ring  []remembered
	next  int // in ring, once that is full
	index map[[2]uint64]uint32
}

func newDuplicates() *dedupeWindow {
	return &dedupeWindow{index: map[[2]uint64]uint32{}}
}

func (d *dedupeWindow) find(key [2]uint64) (remembered, bool) {
	i, ok := d.index[key]
	if !ok {
		return remembered{}, false
	}
	return d.ring[i], true
}

func (d *dedupeWindow) add(r remembered) {
	slot := d.next
	if len(d.ring) < windowEvents {
		slot = len(d.ring)
		d.ring = append(d.ring, r)
	} else {
		if old := d.ring[slot].key; d.index[old] == uint32(slot) {
			delete(d.index, old)
		}
		d.ring[slot] = r
		d.next = (slot + 1) % windowEvents
	}
	d.index[r.key] = uint32(slot)
}

// identifier makes identities. Its hashes are pooled, as they are large.
type identifier struct {
	first, second maphash.Seed
	pool          sync.Pool
}

func newIdentifier() *identifier {
	return &identifier{
		first: maphash.MakeSeed(), second: maphash.MakeSeed(),
		pool: sync.Pool{New: func() any { return new(maphash.Hash) }},
	}
}

func (x *identifier) of(e *event.Event) (id identity) {
	h := x.pool.Get().(*maphash.Hash)
	defer x.pool.Put(h)
	for i, seed := range [...]maphash.Seed{x.first, x.second} {
		h.SetSeed(seed)
		h.WriteString(e.Source)
		h.WriteByte('\n') // stands in no attribute
		h.WriteString(e.ID)
		id.key[i] = h.Sum64()
	}
	h.SetSeed(x.first)
	e.WriteContent(h)
	id.content = h.Sum64()
	return id
}
