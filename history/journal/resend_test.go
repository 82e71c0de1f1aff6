package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// resend asks for a delivery of the event of a seq.
func (r *running) resend(fs vfs.FS, seq history.Seq, to ...string) history.Receipt {
	r.t.Helper()
	reading := read(r.t, fs)
	a, err := reading.Event(query.EventRef{Seq: seq})
	if err != nil {
		r.t.Fatal(err)
	}
	receipt, err := r.Resend(r.t.Context(), journal.Resend{Of: a, To: to, By: "api"})
	if err != nil {
		r.t.Fatal(err)
	}
	return receipt
}

// TestResendToABacklog: an event that a webhook was not to get does not stand
// in its backlog, however long that is.
func TestResendToABacklog(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 600), "b") // more than a window
	r.append([]string{"x"}, "a")
	r.append(ids(601, 700), "b")
	if got := r.resend(fs, 601, "b"); fmt.Sprint(got.To) != "[b]" {
		t.Errorf("resent to %v, want b", got.To)
	}
	if got := r.resend(fs, 602, "b"); len(got.To) > 0 {
		t.Errorf("resent to %v what still waits", got.To)
	}
	if got := r.drain("b"); !slices.Contains(got, "x") {
		t.Error("the resend was never handed out")
	}
}

// TestResendStaysOne over a kill, though the cursors and the attempts do not
// say what it is.
func TestResendStaysOne(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append([]string{"x"}, "a")
		r.drain("a")
		r.resend(fs, 1, "a")
		time.Sleep(6 * time.Second) // the cursors have it
		l, _ := r.Queue("a").Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Second))
		time.Sleep(2 * time.Second)
		r = start(t, fs.Kill(), journal.Options{})
		if l, ok := r.Queue("a").Claim(queue.Retries); !ok || !l.Resend {
			t.Errorf("claimed %v, and it is no resend", ok)
		}
		r.stop()
	})
}

// TestRepeatBehindManyResends is known as one after a restart: the window
// counts events, and not their resends.
func TestRepeatBehindManyResends(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append([]string{"x"}, "a")
	r.stop()
	fs = fs.Kill()
	found, err := segment.Recover(fs.Locked(), segment.Events, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 100_001 {
		found.Writer.Add(time.Now(), []byte(`"kind":"resend","of":1,"to":["a"],"by":"cli"`))
	}
	if err := errors.Join(found.Writer.Write(), found.Writer.Sync()); err != nil {
		t.Fatal(err)
	}
	r = start(t, fs, journal.Options{})
	if got := r.append([]string{"x"}, "a"); !got[0].Duplicate {
		t.Error("a repeat is taken for a new event")
	}
}
