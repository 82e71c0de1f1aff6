package journal_test

import (
	"bytes"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// flip changes a bit in the line of the events that holds a text.
func flip(t *testing.T, fs *memfs.FS, holding string) {
	t.Helper()
	name := segment.Events.File(1)
	text := historytest.Content(t, fs, name)
	at := bytes.Index(text, []byte(holding))
	if at < 0 {
		t.Fatalf("no line holds %s", holding)
	}
	text[at] ^= 4
	historytest.Rewrite(t, fs, name, text)
}

// TestDamagedEvent skips one line and delivers all others.
func TestDamagedEvent(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 5), "a")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	flip(t, fs, `"id":"e3"`)
	r = start(t, fs, journal.Options{})
	same(t, "delivered", r.drain("a"), []string{"e1", "e2", "e4", "e5"})
	if n := r.DamagedLines(); n != 1 {
		t.Errorf("%d damaged lines counted, want 1", n)
	}
	if b := r.Queue("a").Backlog(); b.Events != 0 {
		t.Errorf("backlog %+v", b)
	}
}

// TestDamageBesideWaits ends the delivery of the damaged event alone: what
// waits beside it is there after the next clean stop, and the damaged event's
// number is never another's.
func TestDamageBesideWaits(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 2), "a")
		for range 2 {
			l, _ := r.Queue("a").Claim(queue.Retries)
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Hour))
		}
		time.Sleep(time.Second) // the attempts are written, the cursors are not
		fs = fs.Kill()
		flip(t, fs, `"id":"e2"`)

		r = start(t, fs, journal.Options{})
		if b := r.Queue("a").Backlog(); b.Events != 2 {
			t.Errorf("backlog %+v, want both", b)
		}
		q := r.Queue("a")
		q.RetryNow()
		l, ok := q.Claim(queue.Retries)
		if !ok || id(l) != "e1" {
			t.Fatalf("claimed %v", ok)
		}
		l.Retry(history.Attempt{Status: history.Retrying, Event: "e1"}, time.Now().Add(time.Hour))
		row := q.FailureStreak()
		if _, ok := q.Claim(queue.Retries); ok { // meets e2, which ends
			t.Error("a damaged event was handed out")
		}
		if got := q.FailureStreak(); got.Failures != row.Failures || got.Since != row.Since {
			t.Errorf("%+v by a damaged event, which says nothing of the receiver, was %+v", got, row)
		}
		if b := q.Backlog(); b.Events != 1 {
			t.Errorf("backlog %+v, want e1", b)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}

		r = start(t, fs, journal.Options{})
		if got := r.append([]string{"e3"}, "a"); got[0].Seq != 3 {
			t.Errorf("e3 has seq %d, want 3: 2 was the damaged event's", got[0].Seq)
		}
		r.Queue("a").RetryNow()
		same(t, "after the clean stop", r.drain("a"), []string{"e1", "e3"})
		r.stop()
	})
}
