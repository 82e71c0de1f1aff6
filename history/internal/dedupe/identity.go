package dedupe

import (
	"hash/maphash"
	"sync"

	"sidehook/history/event"
)

// Identity is equal for an event and its repeat: a hash of 128 bits of its source
// and id, and one of 64 bits of its content. The hashes have a new seed in each
// process, so that no sender can make two events collide.
type Identity struct {
	key     [2]uint64
	content uint64
}

// SameContent reports whether two events have the same content. Of events with the same
// source and id, one is then a repeat of the other.
func (x Identity) SameContent(y Identity) bool { return x.content == y.content }

// Identifier makes the identities of a process. It is for concurrent use.
type Identifier struct {
	first, second maphash.Seed
	hashes        sync.Pool // they are large
}

// NewIdentifier returns an Identifier with seeds of its own.
func NewIdentifier() *Identifier {
	return &Identifier{
		first: maphash.MakeSeed(), second: maphash.MakeSeed(),
		hashes: sync.Pool{New: func() any { return new(maphash.Hash) }},
	}
}

// Of returns the identity of an event. It allocates nothing.
func (x *Identifier) Of(e *event.Event) (id Identity) {
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
