package journal_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// forms counts the finished segments of a history by their form.
func forms(t *testing.T, fs *memfs.FS) (plain, packed int) {
	t.Helper()
	plain, packed = len(historytest.Names(t, fs, "", ".jsonl")), len(historytest.Names(t, fs, "", ".jsonl.zst"))
	return plain - 2, packed // those being written are plain
}

// grown is a history whose last attempt was just made.
func grown(t *testing.T, attempts int) *memfs.FS {
	t.Helper()
	fs := memfs.New()
	if err := historytest.GenerateFS(fs, historytest.Options{Attempts: attempts, Seed: 7, Until: time.Now(), SegmentSize: 128 << 10}); err != nil {
		t.Fatal(err)
	}
	return fs
}

// run runs a history until stop, which returns what it logged.
func run(t *testing.T, fs *memfs.FS, r journal.Retention) (stop func() (string, error)) {
	t.Helper()
	var log bytes.Buffer
	j := start(t, fs, journal.Options{SegmentSize: 128 << 10, Log: slog.New(slog.NewTextHandler(&log, nil))})
	j.Retain(r)
	return func() (string, error) {
		err := j.stop()
		return log.String(), err
	}
}

// lines are all records of the deliveries.
func lines(t *testing.T, fs *memfs.FS) (list []string) {
	t.Helper()
	err := read(t, fs).Records(func(d *history.DeliveryRecord) bool {
		list = append(list, string(d.Raw))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestCompress: an hour after it was finished a segment is compressed, both forms
// stand for a while, and nothing of what is read changes.
func TestCompress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := grown(t, 2000)
		want := lines(t, fs)
		finished, _ := forms(t, fs)
		size := func() (total int) {
			names, _ := fs.List()
			for _, name := range names {
				total += len(historytest.Content(t, fs, name))
			}
			return total
		}
		before := size()
		stop := run(t, fs, journal.Retention{})
		time.Sleep(58 * time.Minute)
		if plain, packed := forms(t, fs); plain != finished || packed != 0 {
			t.Errorf("too soon: %d plain and %d compressed segments of %d", plain, packed, finished)
		}
		time.Sleep(5 * time.Minute)
		if plain, packed := forms(t, fs); plain != finished || packed != finished {
			t.Errorf("both forms: %d plain and %d compressed segments of %d", plain, packed, finished)
		}
		time.Sleep(12 * time.Minute)
		if plain, packed := forms(t, fs); plain != 0 || packed != finished {
			t.Errorf("at last: %d plain and %d compressed segments of %d", plain, packed, finished)
		}
		if after := size(); after > before/3 {
			t.Errorf("%d bytes of %d", after, before)
		}
		log, err := stop()
		if err != nil || strings.Count(log, "compressed finished segments") != 1 {
			t.Errorf("%v, log %s", err, log)
		}
		sound(t, fs)
		if got := lines(t, fs); !slices.Equal(got, want) {
			t.Error("it reads otherwise")
		}
	})
}

// TestCompressCrash cuts the power at some moment of the hours in which all is
// compressed: the next start goes on with it.
func TestCompressCrash(t *testing.T) {
	for seed := range some(12) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 9))
			fs := grown(t, 1000)
			want := lines(t, fs)
			stop := run(t, fs, journal.Retention{})
			time.Sleep(59 * time.Minute)
			fs.SetFault(memfs.From(fs.Ops()+rng.IntN(450), errors.New("the power went")))
			time.Sleep(20 * time.Minute)
			after := fs.Crash(rng)
			stop()
			stop = run(t, after, journal.Retention{})
			time.Sleep(20 * time.Minute)
			if _, err := stop(); err != nil {
				t.Fatal(err)
			}
			if plain, packed := forms(t, after); plain > 1 || packed == 0 {
				t.Errorf("seed %d: %d plain and %d compressed", seed, plain, packed)
			}
			sound(t, after)
			if got := lines(t, after); !slices.Equal(got, want) {
				t.Errorf("seed %d: %d records of %d", seed, len(got), len(want))
			}
		})
	}
}

// TestCompressFails: an error of a file is told and it is tried again; one of the
// folder's sync ends Run.
func TestCompressFails(t *testing.T) {
	for name, c := range map[string]struct {
		kind  memfs.Kind
		name  string
		final bool
	}{
		"write":  {memfs.Write, ".zst.tmp", false},
		"sync":   {memfs.Sync, ".zst.tmp", false},
		"rename": {memfs.Rename, ".zst.tmp", false},
		"folder": {memfs.SyncDir, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fs := grown(t, 1000)
				stop := run(t, fs, journal.Retention{})
				time.Sleep(59 * time.Minute)
				var begun atomic.Bool
				fs.SetFault(func(op memfs.Op) error {
					if strings.HasSuffix(op.Name, ".zst.tmp") {
						begun.Store(true)
					}
					if begun.Load() && op.Kind == c.kind && strings.HasSuffix(op.Name, c.name) {
						return syscall.EIO
					}
					return nil
				})
				time.Sleep(10 * time.Minute)
				fs.SetFault(nil)
				if !c.final {
					time.Sleep(2 * time.Hour)
				}
				log, err := stop()
				if c.final != errors.Is(err, vfs.ErrUnsynced) {
					t.Errorf("Run ends with %v", err)
				}
				if plain, packed := forms(t, fs); !c.final && (plain > 0 || packed == 0 || !strings.Contains(log, "cannot compress the history")) {
					t.Errorf("%d plain and %d compressed, log %s", plain, packed, log)
				}
				sound(t, fs)
			})
		})
	}
}

// TestCompressedIsRemoved: retention takes either form.
func TestCompressedIsRemoved(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 128 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Retain(journal.Retention{Keep: 90 * time.Minute})
		r.fill(1, 1500, "a")
		time.Sleep(30 * time.Minute)
		r.fill(1501, 2500, "a")
		time.Sleep(45 * time.Minute)
		if plain, packed := forms(t, fs); plain == 0 || packed == 0 {
			t.Errorf("%d plain and %d compressed", plain, packed)
		}
		time.Sleep(3 * time.Hour)
		if plain, packed := forms(t, fs); plain != 0 || packed != 0 {
			t.Errorf("%d plain and %d compressed are left", plain, packed)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		sound(t, fs)
	})
}

// TestRemovedWhileCompressed: what retention takes while it is compressed does
// not come back.
func TestRemovedWhileCompressed(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 128 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.fill(1, 1500, "a")
		time.Sleep(59 * time.Minute)
		var begun atomic.Bool
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Create && strings.HasSuffix(op.Name, ".zst.tmp") && !begun.Swap(true) {
				r.Retain(journal.Retention{Keep: age})
				time.Sleep(age)
			}
			return nil
		})
		time.Sleep(30 * age) // it rests for the minute that this took, too
		names, _ := fs.List()
		if plain, packed := forms(t, fs); !begun.Load() || plain+packed > 0 || strings.Contains(strings.Join(names, " "), ".tmp") {
			t.Errorf("left are %v", names)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		sound(t, fs)
	})
}

// TestAcceptedIsKnownCompressed: damage that was accepted stays known, and what
// happens to the compressed file is found.
func TestAcceptedIsKnownCompressed(t *testing.T) {
	fs := historytest.Generated(t)
	name := segments(t, fs, "deliveries")[1]
	text := historytest.Content(t, fs, name)
	text[2000] ^= 1
	historytest.Rewrite(t, fs, name, text)
	found := check(t, fs)
	if err := journal.AcceptFS(fs, found.Problems); err != nil {
		t.Fatal(err)
	}
	historytest.Compress(t, fs, func(int) bool { return true })
	if c := check(t, fs); len(c.Problems) > 0 || len(c.Known) != len(found.Problems) || c.Known[0].File != name+".zst" {
		t.Errorf("compressed: %+v", c)
	}
	file := historytest.Content(t, fs, name+".zst")
	for at := 50; at < 90; at++ {
		file[at] ^= 1
	}
	historytest.Rewrite(t, fs, name+".zst", file)
	c := check(t, fs)
	if len(c.Problems) == 0 || c.Problems[0].File != name+".zst" || !strings.Contains(c.Problems[0].What, "frame at byte 0") {
		t.Errorf("damaged: %+v", c.Problems)
	}
	if c.Lines == 0 {
		t.Error("nothing else is read")
	}
	if err := journal.AcceptFS(fs, c.Problems); err != nil {
		t.Fatal(err)
	}
	if again := check(t, fs); len(again.Problems) > 0 || len(again.Known) != len(c.Known)+len(c.Problems) {
		t.Errorf("accepted as well: %+v", again)
	}
}

// TestStartFromCompressed: a start without cursors reads them, and what waits in
// one is delivered.
func TestStartFromCompressed(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 128 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append([]string{"x"}, "paused")
		r.fill(1, 1500, "a")
		time.Sleep(2 * time.Hour)
		if _, packed := forms(t, fs); packed == 0 {
			t.Fatal("nothing is compressed")
		}
		r.stop()
		fs = fs.Kill()
		loseCursors(fs)
		r = start(t, fs, journal.Options{SegmentSize: 128 << 10})
		same(t, "delivered", r.drain("paused"), []string{"x"})
		if got := r.drain("a"); len(got) > 0 {
			t.Errorf("%d are delivered again", len(got))
		}
	})
}
