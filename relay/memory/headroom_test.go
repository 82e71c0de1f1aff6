package memory_test

import (
	"os"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"sidehook/relay/memory"
)

// Of 128 MiB, the heap may grow by an eighth between two collections if little lives, and
// by what lives if that is more.
func TestHeadroom(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC is set")
	}
	const mib = 1 << 20
	memory.Limit{Bytes: 128 * mib}.KeepHeadroom()
	for _, c := range []struct{ live, want int64 }{{0, 16 * mib}, {80 * mib, 80 * mib}, {0, 16 * mib}} {
		lives := make([]byte, c.live)
		grows := func() int64 {
			sizes := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
			metrics.Read(sizes)
			return int64(sizes[0].Value.Uint64() - sizes[1].Value.Uint64())
		}
		fits := func(n int64) bool { return c.want*7/8 < n && n < c.want*5/4 }
		for begun := time.Now(); !fits(grows()) && time.Since(begun) < 20*time.Second; time.Sleep(time.Millisecond) {
			runtime.GC()
		}
		if got := grows(); !fits(got) {
			t.Errorf("while %d MiB live the heap may grow by %d MiB, want %d MiB", c.live/mib, got/mib, c.want/mib)
		}
		runtime.KeepAlive(lives)
	}
}
