package journal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestUnmetStays (H7) with the delivery, until it ends: over attempts given back,
// a kill and another name; and with no other, nor with a resend.
func TestUnmetStays(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	e := entry(t, "x", "a", "b")
	e.Failures = []history.Failure{{Webhook: "a", Reason: `why "not" \x1b`}}
	if _, err := r.Append(context.Background(), []history.Entry{e, entry(t, "y", "a", "b")}); err != nil {
		t.Fatal(err)
	}
	claim := func(webhook, id, unmet string) *queue.Lease {
		t.Helper()
		l, ok := r.Queue(webhook).Claim(queue.Retries)
		if !ok {
			t.Fatalf("%s: nothing to claim", webhook)
		}
		if l.ConditionError != unmet || l.Resend != (id == "resend") {
			t.Errorf("%s: claimed %d, unmet %q; want %s, %q", webhook, l.Seq, l.ConditionError, id, unmet)
		}
		return l
	}
	claim("b", "x", "").Done(history.Attempt{Status: history.Delivered})
	claim("a", "x", `why "not" \x1b`).Release(nil, time.Now())
	claim("a", "x", `why "not" \x1b`).Release(nil, time.Now())
	fs = fs.Kill()
	r = start(t, fs, journal.Options{})
	r.rename("a", "new", 2)
	claim("new", "x", `why "not" \x1b`).Done(history.Attempt{Status: history.Failed, Unsent: true})
	claim("new", "y", "").Done(history.Attempt{Status: history.Delivered})
	r.resend(fs, 1, "a")
	claim("a", "resend", "").Release(nil, time.Now())
	r.stop()
	fs = fs.Kill()
	r = start(t, fs, journal.Options{})
	claim("a", "resend", "").Done(history.Attempt{Status: history.Delivered})
	reading := read(t, fs)
	a, err := reading.Event(query.EventRef{Seq: 1})
	if err != nil || fmt.Sprint(a.Failures) != fmt.Sprint(e.Failures) {
		t.Errorf("reads %v, %v", a.Failures, err)
	}
}
