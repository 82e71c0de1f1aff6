package memory_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"sidehook/relay/memory"
)

// Of 128 MiB, the heap may grow by a sixteenth between two collections, and by half of what
// lives.
func TestHeadroom(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC is set")
	}
	const mib = 1 << 20
	limit := debug.SetMemoryLimit(1 << 30)
	defer debug.SetMemoryLimit(limit)
	headroom := memory.Limit{Bytes: 128 * mib}.KeepHeadroom()
	defer debug.SetGCPercent(100)
	defer runtime.KeepAlive(headroom)
	if got, want := debug.SetMemoryLimit(-1), int64(1<<30+16*mib); got != want {
		t.Errorf("the limit is %d, want %d: the headroom does not count", got, want)
	}
	for _, c := range []struct{ live, want int64 }{{0, 8 * mib}, {80 * mib, 48 * mib}, {0, 8 * mib}} {
		lives := make([]byte, c.live)
		grows := func() int64 {
			sizes := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
			metrics.Read(sizes)
			return int64(sizes[0].Value.Uint64() - sizes[1].Value.Uint64())
		}
		fits := func(n int64) bool { return c.want*7/8 < n && n < c.want*3/2 }
		for begun := time.Now(); !fits(grows()) && time.Since(begun) < 20*time.Second; time.Sleep(time.Millisecond) {
			runtime.GC()
		}
		if got := grows(); !fits(got) {
			t.Errorf("while %d MiB live the heap may grow by %d MiB, want %d MiB", c.live/mib, got/mib, c.want/mib)
		}
		runtime.KeepAlive(lives)
	}
}
