package journal_test

import (
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestRecent holds the minutes against the lines, as far as these are of the
// time that is asked for.
func TestRecent(t *testing.T) {
	const within = 10 * time.Minute
	for state, change := range states() {
		t.Run(state, func(t *testing.T) {
			fs := generated(t)
			change(t, fs)
			r := read(t, fs)
			all := every(t, r)
			// Some lines of the last minute are behind it, as if they were the next
			// process's.
			until := all[len(all)-10].At
			since := until.Add(-within)
			got, want := map[string]int{}, map[string]int{}
			var took, requests int
			if err := r.Recent(since, until, func(m *query.Minute) bool {
				got[m.Webhook+" delivered"] += m.Delivered
				got[m.Webhook+" failed"] += m.Failed
				for _, n := range m.Took {
					took += int(n)
				}
				return true
			}); err != nil {
				t.Fatal(err)
			}
			for _, o := range all {
				if o.Kind != "attempt" || o.At.Truncate(time.Minute).Before(since) || !o.At.Before(until) {
					continue
				}
				want[o.Webhook+" delivered"] += 0
				want[o.Webhook+" failed"] += 0
				switch o.Status {
				case history.Delivered:
					want[o.Webhook+" delivered"]++
				case history.Retrying, history.Failed, history.Exhausted:
					want[o.Webhook+" failed"]++
				}
				if o.Took != nil {
					requests++
				}
			}
			// What is damaged now was whole when an index counted it.
			if state != "with damaged lines" && (fmt.Sprint(got) != fmt.Sprint(want) || took != requests) {
				t.Errorf("got %v, want %v; how long %d took, want %d", got, want, took, requests)
			}
			seen := 0
			if err := r.Recent(since, until, func(*query.Minute) bool { seen++; return false }); err != nil || seen != 1 {
				t.Errorf("visited %d, %v, want the first alone", seen, err)
			}
		})
	}
}

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
	err = read(t, fs).Recent(now.Add(-time.Hour), later, func(m *query.Minute) bool {
		delivered += m.Delivered
		failed += m.Failed
		return true
	})
	if err != nil || delivered != 1 || failed != 3 {
		t.Errorf("%d delivered and %d failed, %v; want 1 and 3", delivered, failed, err)
	}
}
