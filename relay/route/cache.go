package route

import (
	"strings"
	"sync"
)

const (
	// cacheBytes limits, roughly, the memory of half a cache: clients choose the types,
	// so their number has no other limit.
	cacheBytes = 2 << 20
	entryBytes = 88 // an entry without its type and rules
	ruleBytes  = 20
)

// answer is the rules that match a type, in their order, and their names.
type answer struct {
	rules []int32
	names []string
}

// cache keeps the answers of an Index for recent types. It has two halves: when the young
// one is full it becomes the old one, and the previous old one is dropped. The zero cache
// is empty.
type cache struct {
	mu         sync.RWMutex
	young, old map[string]answer
	bytes      int // in young
}

func (c *cache) get(typ string) (answer, bool) {
	c.mu.RLock()
	a, ok := c.young[typ]
	if ok {
		c.mu.RUnlock()
		return a, true
	}
	a, ok = c.old[typ]
	c.mu.RUnlock()
	if ok {
		a = c.put(typ, a)
	}
	return a, ok
}

// put stores the answer for typ, unless another caller was first, and returns the one
// that is stored.
func (c *cache) put(typ string, a answer) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.young[typ]; ok {
		return first
	}
	cost := entryBytes + len(typ) + ruleBytes*len(a.rules)
	if c.young == nil || c.bytes+cost > cacheBytes {
		c.young, c.old, c.bytes = map[string]answer{}, c.young, 0
	}
	c.young[strings.Clone(typ)] = a // typ may share the memory of a whole request
	c.bytes += cost
	return a
}
