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
	to  uint32 // the number of its webhooks
}

// dedupeWindow finds repeats of the last events, and of those that are being written. It
// is a ring that grows until it is full. It belongs to the writer of the events.
type dedupeWindow struct {
	ring  []knownEvent
	next  int      // the place in a full ring that is overwritten next
	slots []uint32 // a hash table without buckets: places in the ring by their keys, from 1

	// The events since keep: how many, and those that were in their places.
	added       int
	overwritten []knownEvent

	webhooks webhookLists
}

func newDedupeWindow() *dedupeWindow {
	return &dedupeWindow{slots: make([]uint32, 2*firstEvents), webhooks: webhookLists{numbers: map[string]uint32{}}}
}

// known returns an event that must be added.
func (d *dedupeWindow) known(x identity, seq history.Seq, to []string) knownEvent {
	return knownEvent{x, seq, d.webhooks.use(to)}
}

// duplicate returns the receipt of a repeat of an event in the window.
func (d *dedupeWindow) duplicate(k knownEvent) history.Receipt {
	return history.Receipt{Seq: k.seq, To: d.webhooks.lists[k.to].names, Duplicate: true}
}

// firstEvents is how many there is room for at first.
const firstEvents = 1 << 10

// slot returns where a key is in slots, or would be.
func (d *dedupeWindow) slot(key [2]uint64) uint64 {
	last := uint64(len(d.slots) - 1)
	i := key[0] & last // a hash
	for d.slots[i] != 0 && d.ring[d.slots[i]-1].key != key {
		i = (i + 1) & last
	}
	return i
}

func (d *dedupeWindow) find(key [2]uint64) (knownEvent, bool) {
	if place := d.slots[d.slot(key)]; place != 0 {
		return d.ring[place-1], true
	}
	return knownEvent{}, false
}

// add adds an event until keep or drop.
func (d *dedupeWindow) add(k knownEvent) {
	d.added++
	place := d.next
	if len(d.ring) < windowEvents {
		place = len(d.ring)
		d.append(k)
	} else {
		d.overwritten = append(d.overwritten, d.ring[place])
		d.forget(place)
		d.ring[place] = k
		d.next = (place + 1) % windowEvents
	}
	d.slots[d.slot(k.key)] = uint32(place + 1)
}

// append makes the ring longer, and slots so long that half of them are empty.
func (d *dedupeWindow) append(k knownEvent) {
	n := len(d.ring)
	if n == cap(d.ring) {
		d.ring = slices.Grow(d.ring, min(max(n, firstEvents), windowEvents-n))
	}
	if 2*n == len(d.slots) {
		d.slots = make([]uint32, 4*n)
		for i := range d.ring {
			d.slots[d.slot(d.ring[i].key)] = uint32(i + 1)
		}
	}
	d.ring = append(d.ring, k)
}

// forget takes a place out of slots. What comes after it moves up, so that each key is
// found without a gap.
func (d *dedupeWindow) forget(place int) {
	last := uint64(len(d.slots) - 1)
	gap := d.slot(d.ring[place].key)
	if d.slots[gap] != uint32(place+1) {
		return // a later event has the same key
	}
	for i := (gap + 1) & last; d.slots[i] != 0; i = (i + 1) & last {
		home := d.ring[d.slots[i]-1].key[0]
		if (i-home)&last >= (i-gap)&last {
			d.slots[gap], gap = d.slots[i], i
		}
	}
	d.slots[gap] = 0
}

// keep keeps the events that were added.
func (d *dedupeWindow) keep() {
	d.added = 0
	for i := range d.overwritten {
		d.webhooks.unuse(d.overwritten[i].to)
	}
	d.overwritten = d.overwritten[:0]
	if cap(d.overwritten) > 4*firstEvents {
		d.overwritten = nil
	}
}

// drop drops the events that were added after the first n of them, as if they had not been.
func (d *dedupeWindow) drop(n int) {
	for ; d.added > n; d.added-- {
		last := len(d.overwritten) - 1
		if last < 0 {
			end := len(d.ring) - 1
			d.forget(end)
			d.webhooks.unuse(d.ring[end].to)
			d.ring = d.ring[:end]
			continue
		}
		d.next = (d.next + windowEvents - 1) % windowEvents
		d.forget(d.next)
		d.webhooks.unuse(d.ring[d.next].to)
		d.ring[d.next], d.overwritten = d.overwritten[last], d.overwritten[:last]
		if i := d.slot(d.ring[d.next].key); d.slots[i] == 0 { // no later event has the same key
			d.slots[i] = uint32(d.next + 1)
		}
	}
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
