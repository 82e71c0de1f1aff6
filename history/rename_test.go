package history_test

import (
	"fmt"
	"slices"
	"testing"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// TestRenameAndBack: the webhook of the old name takes over from the one that
// had taken over from it.
func TestRenameAndBack(t *testing.T) {
	r := start(t, memfs.New(), history.Options{})
	r.append(ids(1, 1), "a")
	r.append(ids(2, 2), "b")
	r.Queue("b").TakeOver(r.Queue("a"))
	r.Queue("a").TakeOver(r.Queue("b"))
	if b := r.Queue("a").Backlog(); b.Events != 2 {
		t.Errorf("backlog %+v, want 2 events", b)
	}
	same(t, "a", r.drain("a"), []string{"e2", "e1"})
}

// TestCancelReachesFormerNames, however often it was renamed.
func TestCancelReachesFormerNames(t *testing.T) {
	r := start(t, memfs.New(), history.Options{})
	for i, name := range webhooks {
		r.append(ids(i, i), name)
	}
	r.Queue("b").TakeOver(r.Queue("a"))
	r.Queue("c").TakeOver(r.Queue("b"))
	n, err := r.Queue("c").Cancel(func(*history.Waiting) (history.Attempt, history.Verdict) {
		return history.Attempt{Status: history.Canceled}, history.End
	})
	if err != nil || n != 3 {
		t.Errorf("canceled %d, %v; want 3", n, err)
	}
}

// TestConfigLines: one for each webhook and generation, ahead of its first
// attempt, also where two generations alternate and where the delivery was
// accepted for a former name.
func TestConfigLines(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, history.Options{})
	r.append(ids(1, 1), "a")
	r.append(ids(2, 5), "b")
	b := r.Queue("b")
	b.Configure(history.Config{Generation: 1, URL: "https://b.example"})
	b.Configure(history.Config{Generation: 2, URL: "https://b.example"})
	b.TakeOver(r.Queue("a"))
	for i := range 5 {
		l, _ := b.Claim(history.Retries)
		l.Done(history.Attempt{Generation: uint64(2 - i%2), Status: history.Delivered})
	}
	r.stop()
	reading := read(t, fs)
	var got []string
	if err := reading.Outcomes(func(o *history.Outcome) bool {
		got = append(got, fmt.Sprint(o.Kind, " ", o.Webhook, o.Generation))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"config b2", "attempt b2", "config b1", "attempt b1", "attempt b2", "attempt b1", "attempt b2"}
	if !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}
