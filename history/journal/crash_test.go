package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestCrashes cuts the power at random, again and again, with and without the checkpoint:
// H1 to H4. None of the cuts is reported as damage.
func TestCrashes(t *testing.T) {
	lives(t, 80, 3, func(t *testing.T, b *books) {
		fs := memfs.New()
		const times = 5
		t.Attr("times", fmt.Sprint(times))
		for range times {
			if b.rng.IntN(3) > 0 {
				fs.SetFault(memfs.From(fs.Ops()+20+b.rng.IntN(400), errors.New("power cut")))
			}
			b.live(fs, 60)
			if b.rng.IntN(3) == 0 {
				fs = fs.Kill()
			} else {
				fs = fs.Crash(b.rng)
			}
			if b.rng.IntN(3) == 0 {
				fs.Remove("cursors.json")
			}
		}
		b.balance(fs)
		sound(t, fs)
	})
}

// TestCleanStopsRepeatNothing delivers each event exactly once over clean
// restarts, with and without the cursors: H4.
func TestCleanStopsRepeatNothing(t *testing.T) {
	lives(t, 40, 4, func(t *testing.T, b *books) {
		fs := memfs.New()
		const times = 5
		t.Attr("times", fmt.Sprint(times))
		for range times {
			b.live(fs, 40)
			fs = fs.Kill()
			if b.rng.IntN(2) == 0 {
				loseCursors(fs)
			}
		}
		b.balance(fs)
		b.once()
		sound(t, fs)
	})
}

// TestFailedSyncEndsIt: H5, S4. Only the first sync fails: the next one would say that all
// is well, and the kernel has dropped what was not written.
func TestFailedSyncEndsIt(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	broken := errors.New("input/output error")
	var failed atomic.Bool
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Sync && !failed.Swap(true) {
			return broken
		}
		return nil
	})
	_, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")})
	if !errors.Is(err, history.ErrFailed) || !errors.Is(err, broken) {
		t.Fatalf("append: %v", err)
	}
	if err := <-r.ended; !errors.Is(err, broken) {
		t.Errorf("run: %v", err)
	}
	r.ended <- nil
	if _, err := r.Append(context.Background(), []history.Entry{entry(t, "y", "a")}); !errors.Is(err, history.ErrFailed) {
		t.Errorf("append after that: %v", err)
	}
	if got := r.drain("a"); slices.Contains(got, "x") {
		t.Error("what was not acknowledged is delivered from memory")
	}
}

// TestFullDisk refuses events, keeps outcomes, and continues by itself.
func TestFullDisk(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 50), "a")
		synctest.Wait()
		free, size, _ := fs.Free()
		fs.SetCapacity(size - free + 100)
		for range 2 {
			if _, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
				t.Fatalf("append: %v", err)
			}
		}
		same(t, "delivered meanwhile", r.drain("a"), ids(1, 50))
		time.Sleep(time.Minute)
		fs.SetCapacity(-1)
		time.Sleep(time.Second)
		if got := r.append([]string{"x"}, "a"); got[0].Duplicate {
			t.Error("the refused event is taken for a repeat")
		}
		r.stop()
		fs = fs.Kill()
		r = start(t, fs, journal.Options{})
		same(t, "after a restart", r.drain("a"), []string{"x"})
		r.stop()
	})
}
