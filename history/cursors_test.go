package history_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// TestCursorsWaitForTheirLines: an end that is known and not written is not in
// the cursors after a crash (H4).
func TestCursorsWaitForTheirLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		r := start(t, fs, history.Options{})
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
		r = start(t, after, history.Options{})
		same(t, "delivered again", r.drain("a"), ids(1, 2))
		r.stop()
	})
}

// TestGenerationOutlivesKill: a process that is killed soon after its start leaves
// word of the configuration that was in force.
func TestGenerationOutlivesKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		j, err := history.OpenFS(fs, history.Options{})
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
		if j, err = history.OpenFS(killed, history.Options{}); err != nil {
			t.Fatal(err)
		}
		if n, digest := j.Generation(); n != 7 || digest != "digest" {
			t.Errorf("generation %d, %q", n, digest)
		}
	})
}
