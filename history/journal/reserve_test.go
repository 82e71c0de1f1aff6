package journal_test

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// leave bounds the folder so that so many bytes of it are free, and returns how many
// of them are kept for outcomes.
func leave(t *testing.T, fs *memfs.FS, free int64) (reserve int64) {
	t.Helper()
	fs.SetCapacity(-1)
	now, size, err := fs.Free()
	if err != nil {
		t.Fatal(err)
	}
	fs.SetCapacity(size - now + free)
	return (size - now + free) / 100
}

// TestIndexesLeaveTheReserve: indexes are built as far as they take nothing of what
// is kept for outcomes and the cursors, and the rest once there is room.
func TestIndexesLeaveTheReserve(t *testing.T) {
	for name, indexes := range map[string]int64{"no room": 0, "room for two": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fs := memfs.New()
				fs.SetFault(func(op memfs.Op) error {
					if strings.HasSuffix(op.Name, ".idx.tmp") {
						return syscall.EIO
					}
					return nil
				})
				r := start(t, fs, journal.Options{SegmentSize: 128 << 10})
				r.fill(1, 3000, "a")
				r.stop()
				fs = fs.Kill()
				const index = 14 << 10 // more than one has
				reserve := leave(t, fs, 0)
				leave(t, fs, reserve+4<<10+indexes*index)
				r = start(t, fs, journal.Options{SegmentSize: 128 << 10})
				time.Sleep(5 * time.Minute)
				if free, _, err := fs.Free(); err != nil || free < reserve {
					t.Errorf("%d bytes are free (%v), want the %d that are kept", free, err, reserve)
				}
				if got := int64(len(historytest.Names(t, fs, "", ".idx"))); got < indexes || got > indexes+1 {
					t.Errorf("%d indexes where there is room for %d", got, indexes)
				}
				if left := historytest.Names(t, fs, "", ".tmp"); len(left) > 0 {
					t.Errorf("left is %v", left)
				}
				fs.SetCapacity(-1)
				time.Sleep(5 * time.Minute)
				finished := len(segments(t, fs, "events")) + len(segments(t, fs, "deliveries")) - 2
				if got := len(historytest.Names(t, fs, "", ".idx")); got != finished {
					t.Errorf("%d indexes of %d segments, once there is room", got, finished)
				}
				r.stop()
				sound(t, fs)
			})
		})
	}
}

// TestCompressionLeavesTheReserve: what is compressed while others take the room
// is given up, and done once there is room again.
func TestCompressionLeavesTheReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := grown(t, 2000)
		stop := run(t, fs, journal.Retention{})
		time.Sleep(59 * time.Minute)
		var begun atomic.Bool
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Write && strings.HasSuffix(op.Name, ".zst.tmp") && !begun.Swap(true) {
				leave(t, fs, leave(t, fs, 0)-100) // what is missing is not missed by the write itself
			}
			return nil
		})
		time.Sleep(30 * time.Minute)
		if made := append(historytest.Names(t, fs, "", ".zst"), historytest.Names(t, fs, "", ".tmp")...); !begun.Load() || len(made) > 0 {
			t.Errorf("on a full volume there are %v", made)
		}
		fs.SetCapacity(-1)
		time.Sleep(3 * time.Hour)
		if plain, packed := forms(t, fs); plain > 0 || packed == 0 {
			t.Errorf("%d plain and %d compressed, once there is room", plain, packed)
		}
		if _, err := stop(); err != nil {
			t.Error(err)
		}
		sound(t, fs)
	})
}

// TestRemovesOnAFullVolume: what is old goes although nothing can be written, not
// even the cursors that have to be before.
func TestRemovesOnAFullVolume(t *testing.T) {
	for name, keep := range map[string]journal.Retention{
		"old":       {Keep: 10 * age},
		"too large": {MaxSize: 512 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{SegmentSize: 128 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.fill(1, 3000, "a")
				time.Sleep(age)
				before := len(segments(t, fs, "events"))
				r.append(ids(3001, 3003), "b")
				synctest.Wait()
				leave(t, fs, 0)
				l, ok := r.Queue("b").Claim(queue.Retries)
				if !ok {
					t.Fatal("nothing to claim")
				}
				l.Done(history.Attempt{Status: history.Delivered, Event: id(l), Code: 200}) // is not written yet
				r.Retain(keep)
				time.Sleep(20 * age)
				if after := len(segments(t, fs, "events")); after >= before {
					t.Errorf("%d of %d segments are left", after, before)
				}
				r.append(ids(3004, 3004), "b")
				same(t, "delivered", r.drain("b"), []string{"e3002", "e3003", "e3004"})
				r.stop()
				sound(t, fs)
			})
		})
	}
}
