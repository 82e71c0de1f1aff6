package journal_test

import (
	"encoding/json"
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
	"sidehook/history/query"
	"sidehook/history/queue"
)

// sent ends what is due for a webhook by attempts with a request.
func (r *running) sent(webhook string) (got []string) {
	q := r.Queue(webhook)
	q.Configure(history.Config{Generation: 1, URL: "https://example.com/" + webhook})
	for {
		l, ok := q.Claim(queue.Retries)
		if !ok {
			return got
		}
		got = append(got, id(l))
		l.Done(history.Attempt{
			Generation: 1, Status: history.Delivered, Event: id(l), Code: 200, Request: []history.Header{{Name: "webhook-id", Value: id(l)}},
		})
	}
}

// configLines are how many config lines each segment of the deliveries has.
func configLines(t *testing.T, fs *memfs.FS) (n []int) {
	t.Helper()
	for _, name := range segments(t, fs, "deliveries") {
		n = append(n, strings.Count(string(historytest.Content(t, fs, name)), `"kind":"config"`))
	}
	return n
}

// configured checks that each attempt of generation 1 is below the config line
// of its webhook, which is once in its segment.
func configured(t *testing.T, fs *memfs.FS) {
	t.Helper()
	for _, name := range segments(t, fs, "deliveries") {
		seen := map[string]bool{}
		for line := range strings.Lines(string(historytest.Content(t, fs, name))) {
			var r struct {
				Kind, Webhook string
				Generation    int
			}
			if json.Unmarshal([]byte(line), &r) != nil || r.Generation != 1 {
				continue
			}
			if seen[r.Webhook] == (r.Kind == "config") {
				t.Errorf("%s: below its config line: %v; %s", name, seen[r.Webhook], line)
			}
			seen[r.Webhook] = true
		}
	}
}

// TestConfigOnce: a config line is once in a segment, also if the process was
// stopped meanwhile, or the disk full.
func TestConfigOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		for i := range 3 {
			r := start(t, fs, journal.Options{})
			var full atomic.Bool
			full.Store(true)
			fs.SetFault(func(op memfs.Op) error {
				if full.Load() && op.Kind == memfs.Write && strings.HasPrefix(op.Name, "deliveries-") {
					return syscall.ENOSPC
				}
				return nil
			})
			r.append(ids(i, i), "a")
			same(t, "sent", r.sent("a"), ids(i, i))
			time.Sleep(time.Second)
			full.Store(false)
			time.Sleep(time.Second)
			r.append(ids(10+i, 10+i), "a")
			r.sent("a")
			r.stop()
		}
		if n := configLines(t, fs); len(n) != 1 || n[0] != 1 {
			t.Errorf("the segments have %d config lines", n)
		}
	})
}

// TestConfigMoves: a crash moves the attempts of the last second into a segment of
// their own, below the config lines that they need, each once, however often it is
// killed; and no number is missing or there twice.
func TestConfigMoves(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 1), "a")
		r.sent("a")
		time.Sleep(time.Second) // it is synced
		r.append(ids(2, 2), "a")
		r.sent("a")
		time.Sleep(time.Millisecond) // it is written
		after := fs.Kill()
		r.stop()
		for i := range 3 {
			r = start(t, after, journal.Options{})
			if i > 0 {
				synctest.Wait() // so that its cursors cover what was moved
			}
			after = after.Kill()
			r.stop()
			if n := configLines(t, after); len(n) < 2 || n[0] != 1 || n[1] != 1 || len(n) > 2 && n[2] > 0 {
				t.Fatalf("the segments have %d config lines", n)
			}
		}
		r = start(t, after, journal.Options{})
		r.append(ids(3, 3), "a")
		r.sent("a")
		r.stop()
		sound(t, after)
		if n := configLines(t, after); len(n) != 3 || n[2] != 1 {
			t.Errorf("then the segments have %d config lines", n)
		}
		for _, name := range ids(1, 3) {
			story, err := read(t, after).Trace(query.EventRef{ID: name})
			if err != nil {
				t.Fatal(err)
			}
			if o := story.Outcomes; len(o) != 2 || string(o[0].URL) != `"https://example.com/a"` || o[1].Status != history.Delivered {
				t.Errorf("%s: %+v", name, o)
			}
		}
	})
}
