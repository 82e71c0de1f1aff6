package journal

import (
	"hash/maphash"
	"slices"
	"sync"

	"sidehook/history"
	"sidehook/history/event"
)

// windowEvents is how many of the last events are known to find repeats.
const windowEvents = 100_000

// identity is equal for an event and its repeat: a hash of 128 bits of its source
// and id, and one of 64 bits of its content. The hashes have a new seed in each
// process, so that no sender can make two events collide.
type identity struct {
	key     [2]uint64
	content uint64
}

// knownEvent is an event in the dedupeWindow.
type knownEvent struct {
	identity
	seq history.Seq
	to  []string
}

// duplicate returns the receipt of a repeat.
func (k *knownEvent) duplicate() history.Receipt {
	return history.Receipt{Seq: k.seq, To: k.to, Duplicate: true}
}

// dedupeWindow finds repeats of the last events. It is a ring that grows until it
// is full. It belongs to the writer of the events.
type dedupeWindow struct {
	ring  []knownEvent
	next  int               // the place in a full ring that is overwritten next
	index map[uint64]uint32 // by the first half of the key; the last event that has it
}

func newDedupeWindow() *dedupeWindow {
	return &dedupeWindow{index: map[uint64]uint32{}}
}

func (d *dedupeWindow) find(key [2]uint64) (knownEvent, bool) {
	if i, ok := d.index[key[0]]; ok && d.ring[i].key == key {
		return d.ring[i], true
	}
	return knownEvent{}, false
}

func (d *dedupeWindow) add(k knownEvent) {
	slot := d.next
	if len(d.ring) < windowEvents {
		if slot = len(d.ring); slot == cap(d.ring) {
			d.ring = slices.Grow(d.ring, min(max(slot, 1024), windowEvents-slot))
		}
		d.ring = append(d.ring, k)
	} else {
		if old := d.ring[slot].key[0]; d.index[old] == uint32(slot) {
			delete(d.index, old)
		}
		d.ring[slot] = k
		d.next = (slot + 1) % windowEvents
	}
	d.index[k.key[0]] = uint32(slot)
}

// identifier makes identities. It is for concurrent use.
type identifier struct {
	first, second maphash.Seed
	hashes        sync.Pool // they are large
}

func newIdentifier() *identifier {
	return &identifier{
		first: maphash.MakeSeed(), second: maphash.MakeSeed(),
		hashes: sync.Pool{New: func() any { return new(maphash.Hash) }},
	}
}

func (x *identifier) of(e *event.Event) (id identity) {
	h := x.hashes.Get().(*maphash.Hash)
	defer x.hashes.Put(h)
	for i, seed := range [...]maphash.Seed{x.first, x.second} {
		h.SetSeed(seed)
		h.WriteString(e.Source)
		h.WriteByte('\n') // no attribute contains one
		h.WriteString(e.ID)
		id.key[i] = h.Sum64()
	}
	h.SetSeed(x.first)
	e.WriteContent(h)
	id.content = h.Sum64()
	return id
}
