package memory

import (
	"os"
	"runtime/debug"
)

// mostHeadroom is how much more than what lives the heap counts as. Under load a few MiB
// live, and the garbage collector would run each time that as much was allocated: twenty
// times a second, for a twentieth of the CPU.
const mostHeadroom = 20 << 20

// headroom is less where memory is limited.
func (l Limit) headroom() int64 {
	if l.Bytes == 0 {
		return mostHeadroom
	}
	return min(l.Bytes/8, mostHeadroom)
}

// KeepHeadroom has the garbage collector run when the heap has grown by half of
// what lives and of the headroom that it returns, as long as that is reachable. GOGC goes
// before, and so does a memory limit.
//
// The headroom is memory that is never touched: it takes none of the machine's, and no scan,
// and holds at once when what lives grows or shrinks.
func (l Limit) KeepHeadroom() (headroom []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(50)
	headroom = make([]byte, l.headroom())
	if l.Bytes > 0 {
		debug.SetMemoryLimit(debug.SetMemoryLimit(-1) + l.headroom())
	}
	return headroom
}
