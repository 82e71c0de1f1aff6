package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// stalls is a fault that holds each call of a kind on the files of a prefix up
// until release is closed.
func stalls(kind memfs.Kind, prefix string, release <-chan struct{}) func(memfs.Op) error {
	return func(op memfs.Op) error {
		if op.Kind == kind && strings.HasPrefix(op.Name, prefix) {
			<-release
		}
		return nil
	}
}

// TestStalledSync: so many requests wait and no more, what is durable can be
// delivered meanwhile, and all continues by itself. Nobody would be helped by a
// restart, and nobody should come here either.
func TestStalledSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1024
		fs := memfs.New()
		r := start(t, fs, journal.Options{})
		r.append(ids(1, 50), "a")
		release := make(chan struct{})
		fs.SetFault(stalls(memfs.Sync, "events-", release))
		answers := make(chan error, most+10)
		post := func(n int) {
			go func() {
				_, err := r.Append(context.Background(), []history.Entry{entry(t, fmt.Sprint("w", n), "a")})
				answers <- err
			}()
		}
		for n := range most {
			post(n)
		}
		synctest.Wait()
		if n := len(answers); n != 0 {
			t.Fatalf("%d requests were answered while the disk stalls", n)
		}
		for n := range 10 {
			post(most + n)
		}
		synctest.Wait()
		if n := len(answers); n != 10 {
			t.Fatalf("%d requests were answered, want the 10 that are too many", n)
		}
		for range 10 {
			if err := <-answers; !errors.Is(err, history.ErrBusy) {
				t.Errorf("one too many: %v", err)
			}
		}
		same(t, "delivered meanwhile", r.drain("a"), ids(1, 50))
		if err := r.Fault(); err != nil {
			t.Errorf("not ready at once: %v", err)
		}
		// Who does not want to wait need not, and leaves its place to nobody:
		// what it posted may be accepted.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := r.Append(ctx, []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrBusy) {
			t.Errorf("append: %v", err)
		}
		time.Sleep(10 * time.Minute)
		if err := r.Fault(); err == nil || !strings.HasPrefix(err.Error(), "the disk has not answered for 10m") {
			t.Errorf("ready: %v", err)
		} else if errors.Is(err, history.ErrFailed) {
			t.Errorf("a disk that hangs is final: %v", err)
		}
		close(release)
		for range most {
			if err := <-answers; err != nil {
				t.Errorf("append: %v", err)
			}
		}
		if err := r.Fault(); err != nil {
			t.Errorf("ready: %v", err)
		}
		if got := r.drain("a"); len(got) != most {
			t.Errorf("%d delivered after it, want %d", len(got), most)
		}
	})
}

// TestStalledOutcomes hold nothing up: events are accepted and delivered.
func TestStalledOutcomes(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		synctest.Wait()
		release := make(chan struct{})
		fs.SetFault(stalls(memfs.Sync, "deliveries-", release))
		for i := range 5 {
			r.append(ids(1+10*i, 10+10*i), "a")
			same(t, "delivered", r.drain("a"), ids(1+10*i, 10+10*i))
			time.Sleep(time.Minute)
		}
		if err := r.Fault(); err != nil {
			t.Error(err)
		}
		close(release)
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestStuckWriter: one that does not come back, and is not at the disk.
func TestStuckWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		r := start(t, memfs.New(), journal.Options{Committed: func(int, time.Duration) { <-hang }})
		go r.Append(context.Background(), []history.Entry{entry(t, "e1", "a")})
		time.Sleep(time.Hour)
		if err := r.Fault(); err != nil {
			t.Errorf("with nothing to write: %v", err)
		}
		go r.Append(context.Background(), []history.Entry{entry(t, "e2", "a")})
		time.Sleep(59 * time.Second)
		if err := r.Fault(); err != nil {
			t.Errorf("within the minute: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := r.Fault(); !errors.Is(err, history.ErrFailed) || !strings.HasSuffix(err.Error(), "the writer of events has not started on waiting work for 1m1s") {
			t.Errorf("after it: %v", err)
		}
		close(hang)
		synctest.Wait()
		if err := r.Fault(); err != nil {
			t.Errorf("once it continues: %v", err)
		}
	})
}
