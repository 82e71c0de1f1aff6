package route

import (
	"strings"
	"sync"
)

const (
	// cacheBytes limits, roughly, the memory of half a cache: clients choose the types,
	// so their number has no other limit.
	cacheBytes = 2 << 20
	entryBytes = 64 // an entry without its type and names
	nameBytes  = 16
)

// cache keeps the answers of an Index for recent types. It has two halves: when the young
// one is full it becomes the old one, and the previous old one is dropped. The zero cache
// is empty.
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

// put stores names as the answer for typ, unless another caller was first, and returns
// the answer that is stored.
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
	c.young[strings.Clone(typ)] = names // typ may share the memory of a whole request
	c.bytes += cost
	return names
}
