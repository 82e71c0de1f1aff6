package history_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// TestCancel ends what matches, wherever it waits, for good.
func TestCancel(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, history.Options{SegmentSize: 64 << 10})
	r.append(ids(1, 1500), "a", "b") // more than a window
	q := r.Queue("a")
	flying, _ := q.Claim(history.Retries)
	for range 3 {
		l, _ := q.Claim(history.Retries)
		l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Hour))
	}
	odd := func(w *history.Waiting) (history.Attempt, bool) {
		return history.Attempt{Status: history.Canceled, Error: "asked for"}, w.Seq%2 == 1
	}
	n, err := q.Cancel(odd)
	if err != nil || n != 749 {
		t.Errorf("canceled %d, %v; want 749: all odd ones but the first, which is under way", n, err)
	}
	if n, err := q.Cancel(odd); err != nil || n != 0 {
		t.Errorf("canceled %d, %v once more", n, err)
	}
	if b := q.Backlog(); b.Events != 751 {
		t.Errorf("backlog %+v, want 751 events", b)
	}
	flying.Done(history.Attempt{Status: history.Delivered})
	var want []string
	for i := 2; i <= 1500; i += 2 {
		want = append(want, fmt.Sprint("e", i))
	}
	fs = fs.Kill() // what was canceled is durable without a clean stop
	r = start(t, fs, history.Options{})
	r.Queue("a").Hasten()
	got := slices.DeleteFunc(r.drain("a"), func(id string) bool {
		return id == "e1" // its end need not have been written
	})
	slices.Sort(got)
	slices.Sort(want)
	same(t, "delivered after a kill", got, want)
	if b := r.Queue("b").Backlog(); b.Events != 1500 {
		t.Errorf("the other webhook's backlog: %+v", b)
	}
}
