package history_test

import (
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// The state of a webhook and its row of failures survive a stop, a kill, and
// the loss of the cursors.
func TestRowAndStateSurvive(t *testing.T) {
	end := func(r *running, l *history.Lease, a history.Attempt, again bool) {
		a.Event = id(l)
		if again {
			l.Release(&a, time.Now())
			return
		}
		l.Done(a)
	}
	for _, c := range []struct {
		name  string
		after func(*running, *memfs.FS) *memfs.FS
	}{
		{"a stop", func(r *running, fs *memfs.FS) *memfs.FS {
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			return fs
		}},
		{"a kill", func(r *running, fs *memfs.FS) *memfs.FS { return fs.Kill() }},
		{"a stop, and the loss of the cursors", func(r *running, fs *memfs.FS) *memfs.FS {
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"cursors.json", "cursors.previous.json"} {
				_ = fs.Remove(name) // there may be but one
			}
			return fs
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := memfs.New()
			r := start(t, fs, history.Options{})
			r.append(ids(1, 9), "a", "works")
			q := r.Queue("a")
			for i, a := range []history.Attempt{
				{Status: history.Failed, Code: 422},
				{Status: history.Delivered, Code: 200},
				{Status: history.Failed, Code: 422},
				{Status: history.Failed, Unsent: true},
				{Status: history.Expired},
				{Status: history.Retrying}, // given back
				{Status: history.Exhausted, Code: 500},
			} {
				l, ok := q.Claim(history.Retries)
				if !ok {
					t.Fatal("nothing to claim")
				}
				end(r, l, a, i == 5)
			}
			r.drain("works")
			before := q.Row()
			if before.Failures != 2 || before.Since.IsZero() {
				t.Fatalf("got %+v", before)
			}
			state := history.State{Name: "disabled", Since: time.Now(), Why: "why not", Entry: "e"}
			q.SetState(state)
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			r = start(t, c.after(r, fs), history.Options{})
			q = r.Queue("a")
			if got := q.Row(); got.Failures != 2 || got.Since.Sub(before.Since).Abs() > time.Second {
				t.Errorf("got the row %+v, want %+v", got, before)
			}
			if got := q.State(); got.Name != state.Name || got.Why != state.Why || got.Entry != state.Entry || got.Since.Sub(state.Since).Abs() > time.Second {
				t.Errorf("got the state %+v", got)
			}
			if got := r.Queue("works").Row(); got.Failures != 0 {
				t.Errorf("got the row %+v of what works", got)
			}
			q.SetState(history.State{Name: "active"})
			if got := q.Row(); got != (history.Row{}) {
				t.Errorf("got %+v after a new beginning", got)
			}
		})
	}
}
