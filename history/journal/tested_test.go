package journal_test

import (
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// H6: a test of a webhook is in both streams, and whatever becomes of the
// process nobody delivers it, counts it as a failure, or misses what was
// accepted around it.
func TestTestsAreInNoQueue(t *testing.T) {
	for name, restart := range restarts {
		t.Run(name, func(t *testing.T) {
			fs := memfs.New()
			r := start(t, fs, journal.Options{})
			r.append(ids(1, 3), "a")
			var seqs []history.Seq
			for _, id := range []string{"t1", "t2"} {
				e := entry(t, id)
				e.Test = "a"
				receipts, err := r.Append(t.Context(), []history.Entry{e})
				if err != nil {
					t.Fatal(err)
				}
				seqs = append(seqs, receipts[0].Seq)
			}
			r.append(ids(4, 6), "a")
			q := r.Queue("a")
			begun, _ := q.Claim(queue.Retries)
			begun.Retry(history.Attempt{Status: history.Retrying, Event: "e1"}, time.Now())
			row := q.FailureStreak()
			err := q.RecordTest(seqs[0], time.Now(),
				history.Attempt{Status: history.Retrying, Event: "t1", Error: "broken"},
				history.Attempt{Status: history.Failed, Event: "t1", Error: "500"})
			if err != nil {
				t.Fatal(err)
			}
			if got := q.FailureStreak(); got != row {
				t.Errorf("the row is %+v, want %+v", got, row)
			}
			fs = restart(t, r, fs)
			r = start(t, fs, journal.Options{})
			q = r.Queue("a")
			if got := q.FailureStreak(); got.Failures != 1 {
				t.Errorf("the row is %+v after a restart", got)
			}
			if b := q.Backlog(); b.Events != 6 {
				t.Errorf("the backlog is %+v", b)
			}
			q.RetryNow()
			same(t, "delivered", r.drain("a"), ids(1, 6))
			r.stop()

			reading := read(t, fs)
			for i, want := range []struct {
				attempts int
				status   history.Status
			}{{2, history.Failed}, {0, ""}} {
				s, err := reading.Trace(query.EventRef{Seq: seqs[i]})
				if err != nil {
					t.Fatal(err)
				}
				standings := s.Statuses()
				if s.Test != "a" || len(s.To) > 0 || len(s.Outcomes) != want.attempts || len(standings) != 1 ||
					standings[0].Webhook != "a" || standings[0].Status != want.status || standings[0].Why() == "" {
					t.Errorf("test %d: of %q, to %q, standings %+v, outcomes %+v", i, s.Test, s.To, standings, s.Outcomes)
				}
			}
		})
	}
}
