package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// mostHeadroom is by how much the heap may grow before it is collected, if what lives
// is less. Under load a few MiB live, and the garbage collector would run each time that
// as much was allocated: twenty times a second, for a twentieth of the CPU.
const mostHeadroom = 32 << 20

// headroom is less where memory is limited.
func (l Limit) headroom() int64 {
	if l.Bytes == 0 {
		return mostHeadroom
	}
	return min(l.Bytes/8, mostHeadroom)
}

// KeepHeadroom has the garbage collector wait until the heap has grown by the headroom,
// or as usual by what lives if that is more. A memory limit still goes before, and so does
// GOGC.
func (l Limit) KeepHeadroom() {
	if os.Getenv("GOGC") == "" {
		c := &collection{headroom: l.headroom(), percent: 100}
		c.ended()
	}
}

// collection is unreachable at each collection, so that its finalizer runs after each.
type collection struct {
	headroom int64
	percent  int // of what lives, by which the heap may grow
}

// ended sets how far the heap may grow until the next collection.
func (c *collection) ended() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	live := max(int64(sample[0].Value.Uint64()), 4<<20) // less counts as so much
	percent := int(max(100, 100*c.headroom/live))
	if change := percent - c.percent; max(change, -change) > c.percent/8 { // as it stops the process for a moment
		c.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(c, (*collection).ended)
}
