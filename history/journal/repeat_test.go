package journal_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestRepeatsNeedNoRoom: on a full disk a request that was accepted before is
// told so, and one whose event was accepted with another content is refused for
// that, also if they share a commit with events that there is no room for.
func TestRepeatsNeedNoRoom(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		first := r.append(ids(1, 2), "a")
		synctest.Wait()
		syncing, release := make(chan struct{}), make(chan struct{})
		full := false
		fs.SetFault(func(op memfs.Op) error {
			if !strings.HasPrefix(op.Name, "events-") {
				return nil
			}
			if op.Kind == memfs.Sync {
				close(syncing)
				<-release
				full = true
			}
			if op.Kind == memfs.Write && full {
				return memfs.Short(10, syscall.ENOSPC)
			}
			return nil
		})
		post := func(entries ...history.Entry) <-chan error {
			answer := make(chan error, 1)
			go func() {
				receipts, err := r.Append(context.Background(), entries)
				for i, receipt := range receipts {
					if err == nil && (!receipt.Duplicate || receipt.Seq != first[i].Seq) {
						err = errors.New("it is no duplicate")
					}
				}
				answer <- err
			}()
			synctest.Wait()
			return answer
		}
		go r.Append(context.Background(), []history.Entry{entry(t, "e3", "a")})
		<-syncing
		other := entry(t, "e1", "a")
		other.Event = dated(t, "e1", "2026-01-01T00:00:00Z").Event
		answers := []<-chan error{
			post(entry(t, "e4", "a")), post(entry(t, "e1", "a"), entry(t, "e2", "a")),
			post(entry(t, "e1", "a"), entry(t, "e5", "a")), post(other),
		}
		close(release)
		var conflict *history.ConflictError
		for i, ok := range []func(error) bool{
			func(err error) bool { return errors.Is(err, history.ErrNoRoom) },
			func(err error) bool { return err == nil },
			func(err error) bool { return errors.Is(err, history.ErrNoRoom) },
			func(err error) bool { return errors.As(err, &conflict) },
		} {
			if err := <-answers[i]; !ok(err) {
				t.Errorf("answer %d: %v", i, err)
			}
		}
	})
}
