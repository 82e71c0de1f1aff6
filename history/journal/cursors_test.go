package journal_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// TestCursorsWaitForTheirLines: an end that is known and not written is not in
// the cursors after a crash (H4).
func TestCursorsWaitForTheirLines(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 2), "a")
		time.Sleep(time.Second)
		release := make(chan struct{})
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Write && strings.HasPrefix(op.Name, "deliveries-") {
				<-release
			}
			return nil
		})
		same(t, "delivered", r.drain("a"), ids(1, 2))
		time.Sleep(10 * time.Second) // the cursors are due
		after := fs.Kill()
		close(release)
		r.stop()
		r = start(t, after, journal.Options{})
		same(t, "delivered again", r.drain("a"), ids(1, 2))
		r.stop()
	})
}

// TestStopped: a journal reports whether all that was in flight has its line.
func TestStopped(t *testing.T) {
	for name, c := range map[string]struct {
		before func(r *running)
		end    func(r *running, fs *memfs.FS) *memfs.FS
		want   bool
	}{
		"a stop":  {func(r *running) { r.drain("a") }, func(r *running, fs *memfs.FS) *memfs.FS { r.stop(); return fs }, true},
		"a crash": {func(*running) {}, func(_ *running, fs *memfs.FS) *memfs.FS { return fs.Kill() }, false},
		"a crash while a request hangs": {
			func(r *running) {
				answered, _ := r.Queue("a").Claim(queue.Retries)
				answered.Done(history.Attempt{Status: history.Delivered, Event: "e1"})
				r.Queue("a").Claim(queue.Retries)
				time.Sleep(time.Minute)
			},
			func(_ *running, fs *memfs.FS) *memfs.FS { return fs.Kill() }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 3), "a")
				c.before(r)
				r = start(t, c.end(r, fs), journal.Options{})
				if got := r.Stopped(); got != c.want {
					t.Errorf("got %t, want %t", got, c.want)
				}
				r.stop()
			})
		})
	}
}

// TestCursorsThatAreNotKnown are reported in plain words, and nothing is lost
// without them (H4).
func TestCursorsThatAreNotKnown(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":9`:   "cursors.json is of version 9, and this sidehook knows 2 only",
		`{"version":"2"`: "read cursors.json: json: cannot unmarshal string into Go struct field Checkpoint.version of type int",
	} {
		fs := memfs.New()
		r := start(t, fs, journal.Options{})
		r.append(ids(1, 2), "a")
		r.stop()
		loseCursors(fs)
		historytest.Rewrite(t, fs, "cursors.json", jsonl.AppendChecksum([]byte(text)))
		var log bytes.Buffer
		j, err := journal.OpenFS(fs, journal.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), `error="`+want+`"`) {
			t.Errorf("logged %s, want %s", log.String(), want)
		}
		if b := j.Queue("a").Backlog(); b.Events != 2 {
			t.Errorf("%s: the backlog is %+v", text, b)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGenerationOutlivesKill: a process that is killed soon after its start leaves
// word of the configuration that was in force.
func TestGenerationOutlivesKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		j, err := journal.OpenFS(fs, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j.SetGeneration(7, "digest")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- j.Run(ctx) }()
		synctest.Wait()
		killed := fs.Kill()
		cancel()
		<-ended
		if j, err = journal.OpenFS(killed, journal.Options{}); err != nil {
			t.Fatal(err)
		}
		if n, digest := j.Generation(); n != 7 || digest != "digest" {
			t.Errorf("generation %d, %q", n, digest)
		}
	})
}
