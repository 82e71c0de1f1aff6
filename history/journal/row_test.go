package journal_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// The state of a webhook and its failure streak survive a stop, a kill, and
// the loss of the cursors.
func TestRowAndStateSurvive(t *testing.T) {
	end := func(r *running, l *queue.Lease, a history.Attempt, again bool) {
		a.Event = id(l)
		if again {
			l.Release(&a, time.Now())
			return
		}
		l.Done(a)
	}
	for name, restart := range restarts {
		t.Run(name, func(t *testing.T) {
			fs := memfs.New()
			r := start(t, fs, journal.Options{})
			r.append(ids(1, 9), "a", "works")
			q := r.Queue("a")
			for i, a := range []history.Attempt{
				{Status: history.Failed, Code: 422},
				{Status: history.Delivered, Code: 200},
				{Status: history.Failed, Code: 422},
				{Status: history.Failed, Unsent: true, Error: "no member of that name"},
				{Status: history.Expired},
				{Status: history.Retrying}, // given back
				{Status: history.Exhausted, Code: 500, Error: "500 Internal Server Error"},
				{Status: history.Failed, Unsent: true, Error: "no member of that name"}, // an error, and no failure of the receiver's
			} {
				l, ok := q.Claim(queue.Retries)
				if !ok {
					t.Fatal("nothing to claim")
				}
				end(r, l, a, i == 5)
			}
			r.drain("works")
			before, works := q.FailureStreak(), r.Queue("works").FailureStreak()
			if before.Failures != 2 || before.Since.IsZero() || before.LastSuccess.IsZero() || before.LastError != "no member of that name" {
				t.Fatalf("got %+v", before)
			}
			state := history.WebhookState{Name: "disabled", Since: time.Now(), Why: "why not", Entry: "e"}
			q.SetState(state)
			r = start(t, restart(t, r, fs), journal.Options{})
			q = r.Queue("a")
			same := func(what string, got, want history.FailureStreak) {
				t.Helper()
				if got.Since.Sub(want.Since).Abs() > time.Second || got.LastSuccess.Sub(want.LastSuccess).Abs() > time.Second || got.LastErrorAt.Sub(want.LastErrorAt).Abs() > time.Second {
					t.Errorf("the row %s: got %+v, want %+v", what, got, want)
				}
				got.Since, got.LastSuccess, got.LastErrorAt = want.Since, want.LastSuccess, want.LastErrorAt
				if got != want {
					t.Errorf("the row %s: got %+v, want %+v", what, got, want)
				}
			}
			same("of what fails", q.FailureStreak(), before)
			if got := q.State(); got.Name != state.Name || got.Why != state.Why || got.Entry != state.Entry || got.Since.Sub(state.Since).Abs() > time.Second {
				t.Errorf("got the state %+v", got)
			}
			same("of what works", r.Queue("works").FailureStreak(), works)
			q.SetState(history.WebhookState{Name: "active"})
			same("after a new beginning", q.FailureStreak(), history.FailureStreak{LastSuccess: before.LastSuccess, LastError: before.LastError, LastErrorAt: before.LastErrorAt})
		})
	}
}

// TestRowsOfLongAgo: how the attempts of a webhook went that none was made for
// since is forgotten with their lines, so that no name stays for ever.
func TestRowsOfLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		var r *running
		restart := func() {
			if r != nil {
				r.stop()
			}
			r = start(t, fs, journal.Options{})
			r.Retain(journal.Retention{Keep: 24 * time.Hour})
		}
		known := func() (names []string) {
			r.append([]string{fmt.Sprint(time.Now().Unix())}, "every day")
			r.drain("every day")
			restart()
			for _, q := range r.Queues() {
				if !q.FailureStreak().LastSuccess.IsZero() {
					names = append(names, q.Name())
				}
			}
			return names
		}
		restart()
		r.append(ids(1, 1), "once")
		r.drain("once")
		if got, want := known(), []string{"every day", "once"}; !slices.Equal(got, want) {
			t.Errorf("known %q, want %q", got, want)
		}
		time.Sleep(25 * time.Hour)
		if got, want := known(), []string{"every day"}; !slices.Equal(got, want) {
			t.Errorf("known a day later %q, want %q", got, want)
		}
		r.stop()
	})
}
