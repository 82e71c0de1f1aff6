package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestRecoveryKilledThenPowerCut: what a recovery that was killed has cut off, and
// the next one found cut off, does not come back by a power cut: no record stands
// twice.
func TestRecoveryKilledThenPowerCut(t *testing.T) {
	for n := range 60 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 3), "a")
				r.drain("a")
				time.Sleep(2 * time.Second)
				r.append(ids(4, 6), "a")
				r.drain("a")
				time.Sleep(2 * time.Second)
				fs = fs.Kill()
				fs.SetFault(memfs.From(fs.Ops()+n, errors.New("killed")))
				if j, err := journal.OpenFS(fs, journal.Options{}); err == nil {
					j.Close()
				}
				for i := range 2 {
					fs = fs.Kill()
					r = start(t, fs, journal.Options{})
					r.append(ids(10*i+10, 10*i+12), "a")
					r.drain("a")
					time.Sleep(2 * time.Second)
				}
				fs = fs.Crash(rand.New(rand.NewPCG(uint64(n), 1)))
				r = start(t, fs, journal.Options{})
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
				sound(t, fs)
			})
		})
	}
}
