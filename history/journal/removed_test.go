package journal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestEndThatIsRemoved: a line stays that says a delivery goes on, and the one
// that ended it is removed with its event. A start without cursors takes
// nothing.
func TestEndThatIsRemoved(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		retry := func(webhook string, in time.Duration) {
			l, ok := r.Queue(webhook).Claim(queue.Retries)
			if !ok {
				t.Fatal("nothing to claim")
			}
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(in))
		}
		r.append([]string{"x"}, "paused")
		retry("paused", 1000*time.Hour)
		r.append(ids(1001, 1060)) // to nobody: the next is in another segment
		r.append([]string{"y"}, "c")
		retry("c", time.Second)
		r.fill(1, 200, "a")
		time.Sleep(2 * time.Second)
		same(t, "c", r.drain("c"), []string{"y"})
		r.fill(201, 600, "a")
		r.Retain(journal.Retention{MaxSize: 6 * small})
		time.Sleep(time.Minute)
		if got := segments(t, fs, "deliveries"); !strings.HasSuffix(got[0], "-00000000000000000001.jsonl") || len(got) > 3 {
			t.Fatalf("%v is left, want the first and the last", got)
		}
		r.stop()
		fs = fs.Kill()
		loseCursors(fs)
		r = start(t, fs, journal.Options{SegmentSize: small})
		if b := r.Queue("c").Backlog(); b != (queue.Backlog{}) {
			t.Errorf("taken up again: %+v", b)
		}
		r.Queue("paused").RetryNow()
		same(t, "paused", r.drain("paused"), []string{"x"})
	})
}

// TestResendEndedBehindTheCursors: its event is not held any more, though only
// the resend's own record says which that was.
func TestResendEndedBehindTheCursors(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.fill(1, 300, "a")
		reading := read(t, fs)
		a, err := reading.Event(query.EventRef{ID: "e1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Resend(context.Background(), journal.Resend{Of: a, To: []string{"b"}}); err != nil {
			t.Fatal(err)
		}
		r.append([]string{"z"}, "b")
		time.Sleep(6 * time.Second) // the cursors are written
		l, _ := r.Queue("b").Claim(queue.Retries)
		l.Done(history.Attempt{Status: history.Delivered, Event: id(l)})
		time.Sleep(time.Second) // its line is, the cursors are not
		fs = fs.Kill()
		r = start(t, fs, journal.Options{SegmentSize: small})
		r.Retain(journal.Retention{MaxSize: 3 * small})
		time.Sleep(time.Minute)
		if got := segments(t, fs, "events"); strings.HasSuffix(got[0], "-00000000000000000001.jsonl") {
			t.Errorf("%v is left: the event of a resend that has ended is held", got)
		}
		same(t, "b", r.drain("b"), []string{"z"})
	})
}
