package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// TestCancel ends what matches, wherever it waits, for good.
func TestCancel(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{SegmentSize: 64 << 10})
	r.append(ids(1, 1500), "a", "b") // more than a window
	q := r.Queue("a")
	flying, _ := q.Claim(queue.Retries)
	for range 3 {
		l, _ := q.Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Hour))
	}
	odd := func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		if w.Seq%2 == 0 {
			return history.Attempt{}, queue.Keep
		}
		return history.Attempt{Status: history.Canceled, Error: "asked for"}, queue.End
	}
	n, err := q.Cancel(odd)
	if err != nil || n != 749 {
		t.Errorf("canceled %d, %v; want 749: all odd ones but the first, which is in flight", n, err)
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
	r = start(t, fs, journal.Options{})
	r.Queue("a").RetryNow()
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

// TestCancelTheOldest stops where it is asked to.
func TestCancelTheOldest(t *testing.T) {
	for _, n := range []history.Seq{0, 3, 200, 700, 1200} {
		r := start(t, memfs.New(), journal.Options{})
		r.append(ids(1, 1200), "a")
		q := r.Queue("a")
		l, _ := q.Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
		var size int64
		got, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
			if w.Seq > n {
				return history.Attempt{}, queue.Enough
			}
			size += w.Size
			return history.Attempt{Status: history.Expired, Error: "max_backlog"}, queue.End
		})
		if err != nil || got != int(n) {
			t.Errorf("ended %d, %v; want %d", got, err, n)
		}
		q.RetryNow()
		same(t, "left", r.drain("a"), ids(int(n)+1, 1200))
		if n > 0 && size == 0 {
			t.Error("deliveries have no size")
		}
	}
}

// TestCancelLastsAndOnlyThat: what was canceled out of the window stays so over
// a restart, and all that comes after it is delivered (Q3, H4), whatever part
// of it the cursors have.
func TestCancelLastsAndOnlyThat(t *testing.T) {
	for name, c := range map[string]struct {
		ahead, behind time.Duration // of the cancel, until the kill
		clean         bool
	}{
		"a clean stop":                {0, 0, true},
		"checkpoint before it":        {6 * time.Second, time.Second, false},
		"checkpoint after it":         {4 * time.Second, 2 * time.Second, false},
		"checkpoint before and after": {6 * time.Second, 6 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 300), "a")
				time.Sleep(c.ahead)
				n, err := r.Queue("a").Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
					if w.Seq == 1 || w.Seq > 200 {
						return history.Attempt{}, queue.Keep
					}
					return history.Attempt{Status: history.Canceled}, queue.End
				})
				if err != nil || n != 199 {
					t.Fatalf("canceled %d, %v; want 199", n, err)
				}
				time.Sleep(c.behind)
				if c.clean {
					r.stop()
				}
				fs = fs.Kill()
				r = start(t, fs, journal.Options{})
				same(t, "delivered", r.drain("a"), append([]string{"e1"}, ids(201, 300)...))
				r.stop()
			})
		})
	}
}

// TestCancelLooksOnce at each delivery, also at one that was begun before a
// restart and is among the unread ones in the file.
func TestCancelLooksOnce(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 300), "a")
	first, _ := r.Queue("a").Claim(queue.Retries)
	waiting, _ := r.Queue("a").Claim(queue.Retries)
	ended, _ := r.Queue("a").Claim(queue.Retries)
	waiting.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	ended.Done(history.Attempt{Status: history.Delivered})
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = first // is in flight when the process is killed
	r = start(t, fs.Kill(), journal.Options{})
	looks := map[history.Seq]int{}
	r.Queue("a").Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		looks[w.Seq]++
		return history.Attempt{}, queue.Keep
	})
	if len(looks) != 299 || looks[1] != 1 || looks[2] != 1 || looks[3] != 0 {
		t.Errorf("looked at %d deliveries; at the first ones %d, %d and %d times, want 299; 1, 1, 0", len(looks), looks[1], looks[2], looks[3])
	}
}

// TestCancelOfWhatCannotBeRead says so, ends the rest, and can be asked again.
func TestCancelOfWhatCannotBeRead(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 10), "a")
	q := r.Queue("a")
	for range 4 { // their events are read again when their time comes
		l, _ := q.Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
	}
	cancel := func(*queue.Waiting) (history.Attempt, queue.Verdict) {
		return history.Attempt{Status: history.Canceled}, queue.End
	}
	fs.SetFault(fails(memfs.Read, "events-"))
	n, err := q.Cancel(cancel)
	if n != 6 || !errors.Is(err, errBroken) || !strings.Contains(err.Error(), `read 4 of the waiting events of webhook "a"`) {
		t.Errorf("canceled %d, %v; want 6, and a report of 4", n, err)
	}
	fs.SetFault(nil)
	if n, err := q.Cancel(cancel); n != 4 || err != nil {
		t.Errorf("canceled %d, %v; want the 4 others", n, err)
	}
}
