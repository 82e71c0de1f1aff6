package journal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// TestMaxBacklog ends the oldest first, wherever they wait, and no more than
// has to be.
func TestMaxBacklog(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		r.append(ids(1000, 2199), "a")
		one := q.Backlog().Bytes / 1200 // the ids are equally long
		flying, _ := q.Claim(queue.Retries)
		for range 3 {
			l, _ := q.Claim(queue.Retries)
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Hour))
		}
		q.Limit(7, queue.Limit{Setting: "max_backlog 1MiB", Size: 1100*one + one/2})
		time.Sleep(2 * time.Second)
		got, why := r.ends(fs, "a")
		if n := len(got); n < 97 || n > 103 { // lines differ by a few bytes
			t.Fatalf("%d expired, want 100", n)
		}
		n := len(got)
		same(t, "expired", got, ids(1001, 1000+n))
		if want := "the oldest of a backlog larger than max_backlog 1MiB: accepted "; !strings.HasPrefix(why["e1001"], want) {
			t.Errorf("why %q, want %q…", why["e1001"], want)
		}
		// Past the window, and what comes later.
		q.Limit(7, queue.Limit{Setting: "max_backlog 1MiB", Size: 400 * one})
		time.Sleep(2 * time.Second)
		r.append(ids(2200, 2299), "a")
		time.Sleep(2 * time.Second)
		b := q.Backlog()
		if b.Bytes > 400*one || b.Bytes < 398*one || b.Events > 402 {
			t.Errorf("backlog %+v, want %d bytes", b, 400*one)
		}
		flying.Done(history.Attempt{Status: history.Delivered})
		left := b.Events - 1
		same(t, "left", r.drain("a"), ids(2300-left, 2299))
	})
}

// TestMaxBacklogOfMixed: after a restart deliveries that were begun are among
// those that were not, and go in the order of their acceptance all the same.
func TestMaxBacklogOfMixed(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(100, 399), "a")
		var held []*queue.Lease
		for i := range 200 {
			l, _ := r.Queue("a").Claim(queue.Retries)
			if i%2 == 0 {
				held = append(held, l) // begun, and lost by the kill
			} else {
				l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Duration(300-i)*time.Hour))
			}
		}
		if err := r.Flush(); err != nil || len(held) != 100 {
			t.Fatal(err)
		}
		fs = fs.Kill()
		r = start(t, fs, journal.Options{})
		q := r.Queue("a")
		q.Limit(7, queue.Limit{Setting: "max_backlog", Size: q.Backlog().Bytes / 3})
		time.Sleep(2 * time.Second)
		got, _ := r.ends(fs, "a")
		if n := len(got); n < 198 || n > 202 {
			t.Fatalf("%d expired, want 200", n)
		}
		slices.Sort(got) // within a chunk, the lines stand as the deliveries waited
		same(t, "expired", got, ids(100, 99+len(got)))
		r.stop()
		r = start(t, fs.Kill(), journal.Options{})
		r.Queue("a").RetryNow()
		if left := r.drain("a"); len(left) != 300-len(got) {
			t.Errorf("%d left, want %d", len(left), 300-len(got))
		}
	})
}
