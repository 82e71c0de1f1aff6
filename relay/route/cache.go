package route

import (
	"strings"
	"sync"
)

const (
	// cacheBytes bounds, roughly, the memory of half a cache. Types come from
	// outside, so their number has no bound of its own.
	cacheBytes = 2 << 20
	entryBytes = 64 // an entry without its type and names
	nameBytes  = 16
)

// cache keeps the answers of an Index for the types asked for of late. It has
// two halves: when the young one is full it becomes the old one, and what was
// in the old one and was not asked for since is forgotten. The zero cache is
// empty.
type cache struct {
	mu         sync.RWMutex
	young, old map[string][]string
	bytes      int // in young
}

func (c *cache) get(typ string) ([]string, bool) {
	c.mu.RLock()
	names, ok := c.young[typ]
	if ok {
		c.mu.RUnlock()
		return names, true
	}
	names, ok = c.old[typ]
	c.mu.RUnlock()
	if ok {
		names = c.put(typ, names)
	}
	return names, ok
}

// put keeps names as the answer for typ, and returns the answer to give: that
// of another caller, if it came first.
func (c *cache) put(typ string, names []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.young[typ]; ok {
		return first
	}
	cost := entryBytes + len(typ) + nameBytes*len(names)
	if c.young == nil || c.bytes+cost > cacheBytes {
		c.young, c.old, c.bytes = map[string][]string{}, c.young, 0
	}
	c.young[strings.Clone(typ)] = names // typ may be a part of a whole request
	c.bytes += cost
	return names
}
