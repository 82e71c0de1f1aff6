package journal_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// The wait ends once the lines are in the file, and not before; nobody
// waits for longer than they want to, nor for a journal that has ended.
func TestVisible(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 1), "a")
		release := make(chan struct{})
		fs.SetFault(stalls(memfs.Write, "deliveries-", release))
		same(t, "delivered", r.drain("a"), ids(1, 1))
		told := make(chan struct{})
		go func() {
			r.WaitWritten(context.Background())
			close(told)
		}()
		synctest.Wait()
		select {
		case <-told:
			t.Error("the wait ends while the line is being written")
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r.WaitWritten(ctx)
		close(release)
		<-told
		if err := r.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		r.WaitWritten(context.Background())
	})
}

// While the disk is full there is nothing to wait for.
func TestVisibleFull(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 1), "a")
		fs.SetCapacity(0)
		same(t, "delivered", r.drain("a"), ids(1, 1))
		r.WaitWritten(context.Background())
		fs.SetCapacity(-1)
	})
}
