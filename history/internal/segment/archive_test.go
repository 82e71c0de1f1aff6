package segment_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// TestReadMoreThanIsKeptOpen reads many segments at once, so that each reader
// closes those of the others.
func TestReadMoreThanIsKeptOpen(t *testing.T) {
	dir, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, segment.Options{Limit: 1})
	for range 40 {
		if err := l.batch(1); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i := range uint64(8) {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(i, 5))
			for range 1000 {
				n := 1 + rng.Uint64N(40)
				if line, err := l.Archive.Find(n); err != nil || line.Number != n {
					t.Errorf("find %d: %d, %v", n, line.Number, err)
					return
				}
			}
		})
	}
	group.Wait()
}
