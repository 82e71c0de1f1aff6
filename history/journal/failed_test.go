package journal_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

var errBroken = errors.New("input/output error")

// fails is a fault of each call of a kind on the files of a prefix.
func fails(kind memfs.Kind, prefix string) func(memfs.Op) error {
	return func(op memfs.Op) error {
		if op.Kind == kind && strings.HasPrefix(op.Name, prefix) {
			return errBroken
		}
		return nil
	}
}

// TestFailedOutcomesEndIt, and whoever waits for them to be synced: H5.
func TestFailedOutcomesEndIt(t *testing.T) {
	for name, kind := range map[string]memfs.Kind{"write": memfs.Write, "sync": memfs.Sync} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 3), "a")
				synctest.Wait()
				fs.SetFault(fails(kind, "deliveries-"))
				canceled := make(chan error, 1)
				go func() {
					_, err := r.Queue("a").Cancel(func(*queue.Waiting) (history.Attempt, queue.Verdict) {
						return history.Attempt{Status: history.Canceled}, queue.End
					})
					canceled <- err
				}()
				synctest.Wait()
				select {
				case err := <-canceled:
					if !errors.Is(err, errBroken) {
						t.Errorf("cancel: %v", err)
					}
				default:
					t.Fatal("the cancel hangs")
				}
				if err := r.stop(); !errors.Is(err, errBroken) {
					t.Errorf("run: %v", err)
				}
				if err := r.Fault(); !errors.Is(err, history.ErrFailed) {
					t.Errorf("failed: %v", err)
				}
			})
		})
	}
}

// TestFailedCursorsEndIt: a failed sync is final whatever it was of, as the
// next sync of the folder would say that all is well (H5).
func TestFailedCursorsEndIt(t *testing.T) {
	for name, fault := range map[string]func(memfs.Op) error{
		"file":   fails(memfs.Sync, "cursors"),
		"folder": fails(memfs.SyncDir, ""),
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 3), "a")
				fs.SetFault(fault)
				time.Sleep(6 * time.Second)
				fs.SetFault(nil)
				if _, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrFailed) {
					t.Errorf("append: %v", err)
				}
				if err := r.stop(); !errors.Is(err, errBroken) {
					t.Errorf("run: %v", err)
				}
			})
		})
	}
}

// TestDeletedFileEndsIt: a file without its name takes writes and syncs, and
// all of it would be for nothing.
func TestDeletedFileEndsIt(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	if err := fs.Remove(segment.Events.File(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrFailed) {
		t.Errorf("append: %v", err)
	}
	if err := r.stop(); err == nil {
		t.Error("it went on")
	}
}

// TestNothingIsAcknowledgedBehindAFailure of the other file: not what is being
// synced, and not what waits.
func TestNothingIsAcknowledgedBehindAFailure(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 1), "a")
		synctest.Wait()
		syncing, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		broken := fails(memfs.Sync, "deliveries-")
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Sync && strings.HasPrefix(op.Name, "events-") {
				once.Do(func() { close(syncing); <-release })
			}
			return broken(op)
		})
		answers := make(chan error, 2)
		post := func(id string) {
			_, err := r.Append(context.Background(), []history.Entry{entry(t, id, "a")})
			answers <- err
		}
		go post("x")
		<-syncing
		go post("y")
		synctest.Wait()
		r.drain("a")
		synctest.Wait() // the sync of e1's end has failed
		close(release)
		for range 2 {
			if err := <-answers; !errors.Is(err, history.ErrFailed) {
				t.Errorf("append: %v", err)
			}
		}
		if err := r.stop(); !errors.Is(err, errBroken) {
			t.Errorf("run: %v", err)
		}
	})
}
