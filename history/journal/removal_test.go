package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestStatesOutliveTheirLines: R5.
func TestStatesOutliveTheirLines(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Retain(journal.Retention{MaxSize: limit})
		r.SetGeneration(1, "hash")
		want := history.WebhookState{Name: "disabled", Since: time.Now().Round(0), Why: "410", Entry: "digest"}
		r.Queue("gone").SetState(want)
		r.Queue("back").SetState(want)
		time.Sleep(time.Second)
		r.Queue("back").SetState(history.WebhookState{})
		r.fill(1, 3000, "a")
		if got := segments(t, fs, "deliveries"); strings.HasSuffix(got[0], "-00000000000000000001.jsonl") {
			t.Fatalf("nothing was removed: %v", got)
		}
		r.stop()
		fs = fs.Kill()
		loseCursors(fs)
		r = start(t, fs, journal.Options{})
		got := r.Queue("gone").State()
		if got.Since = got.Since.Local(); got != want && !got.Since.Equal(want.Since) || got.Name != "disabled" || got.Why != "410" || got.Entry != "digest" {
			t.Errorf("state %+v, want %+v", got, want)
		}
		if got := r.Queue("back").State(); got != (history.WebhookState{}) {
			t.Errorf("state %+v, want none", got)
		}
		if n, _ := r.Generation(); n != 1 {
			t.Errorf("generation %d", n)
		}
	})
}

// TestRemovalCrashes lets the power go at every step of a removal: R3.
func TestRemovalCrashes(t *testing.T) {
	for _, cursors := range []bool{true, false} {
		for step := int64(1); ; step++ {
			done := false
			t.Run(fmt.Sprint(step, cursors), func(t *testing.T) {
				runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
					r.append([]string{"x"}, "paused")
					r.fill(1, 300, "a")
					time.Sleep(time.Minute)
					var changes atomic.Int64
					fs.SetFault(func(op memfs.Op) error {
						n := changes.Load()
						if op.Kind != memfs.Read && op.Kind != memfs.Open && op.Kind != memfs.List {
							n = changes.Add(1)
						}
						if n >= step {
							return errors.New("power cut")
						}
						return nil
					})
					r.Retain(journal.Retention{MaxSize: 3 * small})
					time.Sleep(time.Second)
					done = changes.Load() < step
					r.cancel()
					fs = fs.Crash(rand.New(rand.NewPCG(uint64(step), 1)))
					if !cursors {
						loseCursors(fs)
					}
					r = start(t, fs, journal.Options{SegmentSize: small})
					same(t, "delivered again", r.drain("a"), nil)
					if b := r.Queue("a").Backlog(); b != (queue.Backlog{}) {
						t.Errorf("backlog %+v", b)
					}
					r.Retain(journal.Retention{MaxSize: 3 * small})
					time.Sleep(time.Second)
					same(t, "paused", r.drain("paused"), []string{"x"})
					time.Sleep(time.Minute)
					if n := len(segments(t, fs, "events")); n > 3 {
						t.Errorf("%d segments are left", n)
					}
					r.stop()
					sound(t, fs)
				})
			})
			if done {
				break
			}
		}
	}
}

// TestRemovalGoesOn: a failure that passes is met again, and nothing is lost.
func TestRemovalGoesOn(t *testing.T) {
	for _, kind := range []memfs.Kind{memfs.List, memfs.Open, memfs.Rename, memfs.Remove, memfs.Create, memfs.Read} {
		t.Run(string(kind), func(t *testing.T) {
			runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append([]string{"x"}, "paused")
				r.fill(1, 300, "a")
				time.Sleep(time.Minute)
				var fails atomic.Bool
				fails.Store(true)
				fs.SetFault(func(op memfs.Op) error {
					if fails.Load() && op.Kind == kind {
						return errors.New("not now")
					}
					return nil
				})
				r.Retain(journal.Retention{MaxSize: 3 * small})
				time.Sleep(time.Minute)
				fails.Store(false)
				time.Sleep(time.Minute)
				if n := len(segments(t, fs, "events")); n > 3 {
					t.Errorf("%d segments are left", n)
				}
				same(t, "paused", r.drain("paused"), []string{"x"})
				if err := r.stop(); err != nil {
					t.Errorf("run: %v", err)
				}
				sound(t, fs)
			})
		})
	}
}

// TestRetentionBooks runs lives with a limit, a webhook that is paused most of
// the time, and cursors that are lost at random: no finished delivery is made
// again, and none is lost.
func TestRetentionBooks(t *testing.T) {
	lives(t, 25, 9, func(t *testing.T, b *books) {
		b.retention = journal.Retention{Keep: time.Hour, MaxSize: 40 << 10}
		fs := memfs.New()
		for range 6 {
			b.live(fs, 80)
			fs = fs.Kill()
			switch b.rng.IntN(4) {
			case 0:
				fs.Remove("cursors.json")
			case 1:
				loseCursors(fs)
			}
		}
		b.balance(fs)
		b.once()
		sound(t, fs)
	})
}

// TestEndsAreDurableBeforeRemoval: if the power goes when the first segment is removed,
// it is on disk that the deliveries of its events have ended (R3).
func TestEndsAreDurableBeforeRemoval(t *testing.T) {
	for seed := range some(20) {
		runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
			var removing atomic.Bool
			fs.SetFault(func(op memfs.Op) error {
				if op.Kind == memfs.Remove && strings.HasPrefix(op.Name, "events-") {
					removing.Store(true)
				}
				if removing.Load() {
					return errors.New("power cut")
				}
				return nil
			})
			time.Sleep(time.Minute)
			r.fill(1, 300, "a")
			r.Retain(journal.Retention{MaxSize: 3 * small})
			time.Sleep(time.Second)
			if !removing.Load() {
				t.Fatal("no segment is removed")
			}
			r.cancel()
			fs = fs.Crash(rand.New(rand.NewPCG(seed, 1)))
			var lines strings.Builder
			for _, name := range segments(t, fs, "deliveries") {
				lines.Write(historytest.Content(t, fs, name))
			}
			for _, id := range ids(1, 300) {
				if !strings.Contains(lines.String(), `"`+id+`"`) {
					t.Errorf("seed %d: nothing says that the delivery of %s has ended", seed, id)
				}
			}
		})
	}
}

// TestRetentionUnderPowerCuts is the same with crashes.
func TestRetentionUnderPowerCuts(t *testing.T) {
	lives(t, 30, 10, func(_ *testing.T, b *books) {
		b.retention = journal.Retention{Keep: time.Hour, MaxSize: 40 << 10}
		fs := memfs.New()
		for range 5 {
			if b.rng.IntN(3) > 0 {
				fs.SetFault(memfs.From(fs.Ops()+200+b.rng.IntN(2000), errors.New("power cut")))
			}
			b.live(fs, 80)
			fs = fs.Crash(b.rng)
			if b.rng.IntN(3) == 0 {
				fs.Remove("cursors.json")
			}
		}
		b.balance(fs)
	})
}

// TestReadersBesideRemoval: a segment that is removed under a reader is not
// there for it, and nothing is wrong.
func TestReadersBesideRemoval(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append([]string{"x"}, "paused")
		r.fill(1, 500, "a")
		time.Sleep(time.Minute)
		reading, checker := read(t, fs), checking(t, fs)
		r.Retain(journal.Retention{MaxSize: 4 * small})
		time.Sleep(time.Minute)
		if n := len(segments(t, fs, "events")); n > 4 {
			t.Fatalf("%d segments are left", n)
		}
		checked, err := checker.Check(func(int64, int64) {})
		if err != nil || len(checked.Problems) > 0 {
			t.Errorf("check: %v %v", err, checked.Problems)
		}
		if _, err := reading.Trace(query.EventRef{ID: "x"}); err != nil {
			t.Errorf("story: %v", err)
		}
		if err := reading.Records(func(*history.DeliveryRecord) bool { return true }); err != nil {
			t.Errorf("tail: %v", err)
		}
		for _, which := range []query.EventRef{{Seq: 100}, {ID: "e100"}, {ID: "msg_1"}} {
			// It may still have the file open.
			if _, err := reading.Event(which); err != nil && !errors.Is(err, history.ErrNotFound) {
				t.Errorf("event %+v: %v", which, err)
			}
		}
		r.stop()
		fs.Remove("removed.json")
		if checked := check(t, fs); len(checked.Problems) != 1 || !strings.Contains(checked.Problems[0].What, "are missing before it") {
			t.Errorf("a gap that nothing tells of: %v", checked.Problems)
		}
	})
}
