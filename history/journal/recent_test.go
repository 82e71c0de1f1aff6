package journal_test

import (
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/history/stats"
)

// TestWhatCountsAsRecent: what arrived, and what failed, also without a request; a
// test is neither.
func TestWhatCountsAsRecent(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 7), "a")
	now := time.Now()
	later := now.Add(time.Hour)
	for _, end := range []func(*queue.Lease){
		func(l *queue.Lease) { l.Retry(history.Attempt{Status: history.Retrying}, later) },
		func(l *queue.Lease) { l.Done(history.Attempt{Status: history.Delivered}) },
		func(l *queue.Lease) { l.Done(history.Attempt{Status: history.Failed, Code: 410}) },
		func(l *queue.Lease) { l.Done(history.Attempt{Status: history.Failed, Unsent: true}) },
		func(l *queue.Lease) { l.Done(history.Attempt{Status: history.Canceled}) },
		func(l *queue.Lease) {
			l.Retry(history.Attempt{Status: history.Retrying, Throttled: later}, later)
		},
		func(l *queue.Lease) { l.Release(&history.Attempt{Status: history.Retrying}, later) },
	} {
		l, ok := r.Queue("a").Claim(queue.Retries)
		if !ok {
			t.Fatal("nothing to claim")
		}
		end(l)
	}
	test := entry(t, "t1")
	test.Test = "a"
	receipts, err := r.Append(t.Context(), []history.Entry{test})
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []history.Status{history.Delivered, history.Failed} {
		if err := r.Queue("a").RecordTest(receipts[0].Seq, now, history.Attempt{Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	var delivered, failed int
	err = read(t, fs).Recent(now.Add(-time.Hour), later, func(m *stats.Minute) bool {
		delivered += m.Delivered
		failed += m.Failed
		return true
	})
	if err != nil || delivered != 1 || failed != 3 {
		t.Errorf("%d delivered and %d failed, %v; want 1 and 3", delivered, failed, err)
	}
}
