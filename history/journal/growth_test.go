package journal_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// TestGrowthIsTrimmed: whatever makes the folder grow, it does not stay above
// max_size while something may go.
func TestGrowthIsTrimmed(t *testing.T) {
	long := strings.Repeat("x", 700)
	for name, grow := range map[string]func(r *running, i int){
		"outcomes": func(r *running, i int) {
			l, _ := r.Queue("paused").Claim(queue.Retries)
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l), Error: long}, time.Now())
		},
		"config lines": func(r *running, i int) {
			q := r.Queue("paused")
			q.Configure(history.Config{Generation: history.Generation(i + 2), URL: "https://example.com/" + long})
			l, _ := q.Claim(queue.Retries)
			l.Retry(history.Attempt{Generation: history.Generation(i + 2), Status: history.Retrying, Event: id(l)}, time.Now())
		},
		"events": func(r *running, i int) {
			r.append([]string{fmt.Sprint("more", i), fmt.Sprint("again", i), fmt.Sprint("and", i)}, "b")
			r.drain("b")
		},
		"states": func(r *running, i int) {
			r.Queue("paused").SetState(history.WebhookState{Name: "disabled", Since: time.Now(), Why: fmt.Sprint(i, long)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, _ *memfs.FS, r *running) {
				r.Retain(journal.Retention{MaxSize: limit})
				r.fill(1, 2000, "a")
				r.append([]string{"x"}, "paused")
				for i := range 80 {
					grow(r, i)
					synctest.Wait()
					if size, err := r.Size(); err != nil || size > limit {
						t.Fatalf("after step %d the folder has %d bytes (%v), want at most %d", i, size, err, limit)
					}
				}
			})
		})
	}
}

// TestUpkeepIsTrimmed is the same of what is made beside the segments: all indexes
// at once after a start, and compressed forms an hour later. They do not even bring
// the folder to where events are refused.
func TestUpkeepIsTrimmed(t *testing.T) {
	const limit, refusing = 1 << 20, 1<<20 - 1<<20/32
	for _, events := range [...]int{6300, 6600} {
		t.Run(fmt.Sprint(events), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fs := memfs.New()
				fs.SetFault(func(op memfs.Op) error {
					if strings.HasSuffix(op.Name, ".idx.tmp") {
						return syscall.EIO
					}
					return nil
				})
				r := start(t, fs, journal.Options{})
				r.Retain(journal.Retention{MaxSize: limit})
				r.fill(1, events, "a")
				r.stop()
				fs = fs.Kill()
				fs.SetFault(func(op memfs.Op) error {
					if op.Kind == memfs.Create && strings.HasSuffix(op.Name, ".idx.tmp") {
						time.Sleep(3 * time.Second) // the folder has been measured by then
					}
					return nil
				})
				r = start(t, fs, journal.Options{})
				r.Retain(journal.Retention{MaxSize: limit})
				for i := range 600 {
					time.Sleep(time.Second)
					if i == 70 {
						time.Sleep(57 * time.Minute)
					}
					if size, err := r.Size(); err != nil || size > refusing {
						t.Fatalf("in step %d the folder has %d bytes (%v), want at most %d", i, size, err, refusing)
					}
				}
				if names, _ := fs.List(); !strings.Contains(strings.Join(names, " "), ".jsonl.zst") {
					t.Errorf("nothing was compressed: %v", names)
				}
				r.stop()
				sound(t, fs)
			})
		})
	}
}
