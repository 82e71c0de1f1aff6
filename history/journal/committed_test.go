package journal_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// told keeps what a journal tells.
type told struct {
	mu       sync.Mutex
	commits  []int
	attempts []string
}

func (x *told) options() journal.Options {
	return journal.Options{
		Committed: func(records int, _ time.Duration) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.commits = append(x.commits, records)
		},
		Recorded: func(a history.Recorded) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.attempts = append(x.attempts, fmt.Sprint(a.Webhook, " ", a.Seq, " ", a.Again, " ", a.Status, " ", a.Took, " ", time.Since(a.Accepted) < time.Minute))
		},
	}
}

func TestTellsOfCommitsAndAttempts(t *testing.T) {
	var x told
	r := start(t, memfs.New(), x.options())
	r.append(ids(1, 3), "a")
	r.append(ids(1, 3), "a") // nothing new, so nothing is synced
	r.append(ids(4, 4), "b")

	claim := func(name string) *queue.Lease {
		t.Helper()
		l, ok := r.Queue(name).Claim(queue.Retries)
		if !ok {
			t.Fatalf("nothing to claim of %s", name)
		}
		return l
	}
	l := claim("a")
	l.Note(history.Attempt{Status: history.Retrying})
	l.Retry(history.Attempt{Status: history.Retrying, Took: 5}, time.Now().Add(time.Hour))
	claim("a").Done(history.Attempt{Status: history.Delivered, Took: 2})
	claim("a").Release(nil, time.Now())
	cut := history.Attempt{Status: history.Retrying}
	claim("a").Release(&cut, time.Now())
	claim("b").Done(history.Attempt{Status: history.Failed, Took: 4})
	r.stop()

	same(t, "attempts", x.attempts, []string{
		"a 1 true retrying 0s true", "a 1 false retrying 5ns true", "a 2 false delivered 2ns true", "a 3 true retrying 0s true", "b 4 false failed 4ns true",
	})
	if got, want := fmt.Sprint(x.commits), "[3 1]"; got != want {
		t.Errorf("commits of %s, want %s", got, want)
	}
}

func TestFailedCommitsAreNotToldOf(t *testing.T) {
	var x told
	fs := memfs.New()
	r := start(t, fs, x.options())
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Sync {
			return fmt.Errorf("the disk fails")
		}
		return nil
	})
	if _, err := r.Append(t.Context(), []history.Entry{entry(t, "x", "a")}); err == nil {
		t.Fatal("accepted on a disk that fails")
	}
	r.stop()
	if len(x.commits) > 0 {
		t.Errorf("reported %v", x.commits)
	}
}
