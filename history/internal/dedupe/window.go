// Package dedupe finds repeats: events that were accepted before. It remembers the last
// Size events in memory, by a hash of their source and id, and promises that an event
// among them is found. It reads and writes nothing: package journal asks it before it
// writes an event, and adds the last events again at a start.
package dedupe

import (
	"slices"

	"sidehook/history"
)

// Size is how many of the last events a Window remembers.
const Size = 100_000

// Event is an event in a Window.
type Event struct {
	Identity
	seq history.Seq
	to  uint32 // the number of its webhooks
}

// Window finds repeats of the last events, and of those that are being written. It
// is a ring that grows until it is full. It belongs to one goroutine.
type Window struct {
	ring  []Event
	next  int      // the place in a full ring that is overwritten next
	slots []uint32 // a hash table without buckets: places in the ring by their keys, from 1

	// The events since Keep: how many, and those that were in their places.
	added       int
	overwritten []Event

	webhooks webhookLists
}

// New returns an empty Window.
func New() *Window {
	return &Window{slots: make([]uint32, 2*firstEvents), webhooks: webhookLists{numbers: map[string]uint32{}}}
}

// Event returns an event of these webhooks. It must be added.
func (w *Window) Event(x Identity, seq history.Seq, to []string) Event {
	return Event{x, seq, w.webhooks.use(to)}
}

// Receipt returns the receipt of a repeat of an event in the window.
func (w *Window) Receipt(k Event) history.Receipt {
	return history.Receipt{Seq: k.seq, To: w.webhooks.lists[k.to].names, Duplicate: true}
}

// firstEvents is how many there is room for at first.
const firstEvents = 1 << 10

// slot returns where a key is in slots, or would be.
func (w *Window) slot(key [2]uint64) uint64 {
	last := uint64(len(w.slots) - 1)
	i := key[0] & last // a hash
	for w.slots[i] != 0 && w.ring[w.slots[i]-1].key != key {
		i = (i + 1) & last
	}
	return i
}

// Find returns the last event with the source and id of another one.
func (w *Window) Find(x Identity) (Event, bool) {
	if place := w.slots[w.slot(x.key)]; place != 0 {
		return w.ring[place-1], true
	}
	return Event{}, false
}

// Add adds an event until Keep or Drop.
func (w *Window) Add(k Event) {
	w.added++
	place := w.next
	if len(w.ring) < Size {
		place = len(w.ring)
		w.append(k)
	} else {
		w.overwritten = append(w.overwritten, w.ring[place])
		w.forget(place)
		w.ring[place] = k
		w.next = (place + 1) % Size
	}
	w.slots[w.slot(k.key)] = uint32(place + 1)
}

// append makes the ring longer, and slots so long that half of them are empty.
func (w *Window) append(k Event) {
	n := len(w.ring)
	if n == cap(w.ring) {
		w.ring = slices.Grow(w.ring, min(max(n, firstEvents), Size-n))
	}
	if 2*n == len(w.slots) {
		w.slots = make([]uint32, 4*n)
		for i := range w.ring {
			w.slots[w.slot(w.ring[i].key)] = uint32(i + 1)
		}
	}
	w.ring = append(w.ring, k)
}

// forget takes a place out of slots. What comes after it moves up, so that each key is
// found without a gap.
func (w *Window) forget(place int) {
	last := uint64(len(w.slots) - 1)
	gap := w.slot(w.ring[place].key)
	if w.slots[gap] != uint32(place+1) {
		return // a later event has the same key
	}
	for i := (gap + 1) & last; w.slots[i] != 0; i = (i + 1) & last {
		home := w.ring[w.slots[i]-1].key[0]
		if (i-home)&last >= (i-gap)&last {
			w.slots[gap], gap = w.slots[i], i
		}
	}
	w.slots[gap] = 0
}

// Keep keeps the events that were added.
func (w *Window) Keep() {
	w.added = 0
	for i := range w.overwritten {
		w.webhooks.unuse(w.overwritten[i].to)
	}
	w.overwritten = w.overwritten[:0]
	if cap(w.overwritten) > 4*firstEvents {
		w.overwritten = nil
	}
}

// Added counts the events that were added since Keep.
func (w *Window) Added() int { return w.added }

// Drop drops the events that were added after the first n since Keep, as if they had not
// been added.
func (w *Window) Drop(n int) {
	for ; w.added > n; w.added-- {
		last := len(w.overwritten) - 1
		if last < 0 {
			end := len(w.ring) - 1
			w.forget(end)
			w.webhooks.unuse(w.ring[end].to)
			w.ring = w.ring[:end]
			continue
		}
		w.next = (w.next + Size - 1) % Size
		w.forget(w.next)
		w.webhooks.unuse(w.ring[w.next].to)
		w.ring[w.next], w.overwritten = w.overwritten[last], w.overwritten[:last]
		if i := w.slot(w.ring[w.next].key); w.slots[i] == 0 { // no later event has the same key
			w.slots[i] = uint32(w.next + 1)
		}
	}
}
