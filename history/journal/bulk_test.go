package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// endAll ends all that is due at a webhook, and returns the ids in order.
func (r *running) endAll(webhook string, status history.Status) (got []string) {
	for {
		l, ok := r.Queue(webhook).Claim(queue.Retries)
		if !ok {
			return got
		}
		got = append(got, id(l))
		l.Done(history.Attempt{Status: status, Event: id(l), Type: "a.b"})
	}
}

// bulk makes deliveries again and says how many, of them and of those gone.
func (r *running) bulk(b query.Bulk) (count, gone int) {
	r.t.Helper()
	if b.Statuses == nil {
		b.Statuses = history.Undelivered()
	}
	done, err := r.ResendBulk(r.t.Context(), b, "api")
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, s := range done.Seqs {
		n += int(s[1] - s[0] + 1)
	}
	if n != done.Count {
		r.t.Errorf("%d deliveries have the seqs %v", done.Count, done.Seqs)
	}
	return done.Count, done.Gone
}

// TestBulkMatches what has ended so, by its newest end, and nothing that waits.
func TestBulkMatches(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		began := time.Now()
		r.append([]string{"failed-1", "failed-2"}, "a", "b")
		r.endAll("a", history.Failed)
		r.endAll("b", history.Exhausted)
		time.Sleep(time.Minute)
		r.append([]string{"delivered"}, "a")
		r.endAll("a", history.Delivered)
		r.append([]string{"canceled"}, "a")
		r.endAll("a", history.Canceled)
		r.append([]string{"retrying"}, "a")
		l, _ := r.Queue("a").Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying, Event: "retrying", Type: "a.b"}, time.Now().Add(time.Hour))
		r.append([]string{"waiting"}, "a")
		tested := entry(t, "test")
		tested.Test = "a"
		receipts, err := r.Append(t.Context(), []history.Entry{tested})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Queue("a").RecordTest(receipts[0].Seq, time.Now(), history.Attempt{Status: history.Failed, Event: "test", Type: "a.b"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			query.Bulk
			want int
		}{
			"a webhook":       {query.Bulk{Webhooks: []string{"a"}}, 3},
			"two":             {query.Bulk{Webhooks: []string{"a", "b"}}, 5},
			"all":             {query.Bulk{}, 5},
			"one status":      {query.Bulk{Statuses: []history.Status{history.Canceled}}, 1},
			"delivered":       {query.Bulk{Statuses: []history.Status{history.Delivered}}, 1},
			"a type":          {query.Bulk{Type: "a.b"}, 5},
			"another type":    {query.Bulk{Type: "a.c"}, 0},
			"since":           {query.Bulk{Since: began.Add(time.Second)}, 1},
			"until":           {query.Bulk{Until: began.Add(time.Second)}, 4},
			"unknown webhook": {query.Bulk{Webhooks: []string{"c"}}, 0},
			"to another":      {query.Bulk{Webhooks: []string{"a"}, To: "c"}, 3},
			"all to one":      {query.Bulk{To: "c"}, 3},
		} {
			if c.Statuses == nil {
				c.Statuses = history.Undelivered()
			}
			if m, err := read(t, fs).Bulk(t.Context(), c.Bulk); err != nil || m.Count != c.want || m.Gone != 0 {
				t.Errorf("%s: %d match, %d gone, %v; want %d", name, m.Count, m.Gone, err, c.want)
			}
		}
		r.stop()
	})
}

// TestBulkAgain: what was asked for is not made again while it waits or once it
// has arrived, and is once it has failed, whoever asks and after a restart, too.
func TestBulkAgain(t *testing.T) {
	for name, to := range map[string]string{"to its own": "", "to another": "b"} {
		t.Run(name, func(t *testing.T) {
			fs := memfs.New()
			r := start(t, fs, journal.Options{})
			r.append(ids(1, 3), "a")
			r.endAll("a", history.Failed)
			bulk := query.Bulk{Webhooks: []string{"a"}, To: to}
			receiver := "a"
			if to != "" {
				receiver = to
			}
			expect := func(what string, want int) {
				t.Helper()
				if n, _ := r.bulk(bulk); n != want {
					t.Errorf("%s: %d are sent again, want %d", what, n, want)
				}
			}
			expect("at first", 3)
			expect("while they wait", 0)
			r.stop()
			fs = fs.Kill()
			r = start(t, fs, journal.Options{})
			expect("while they wait, after a restart", 0)
			same(t, "sent again", r.endAll(receiver, history.Exhausted), ids(1, 3))
			expect("once they failed again", 3)
			same(t, "sent again", r.endAll(receiver, history.Delivered), ids(1, 3))
			expect("once they arrived", 0)
			r.resend(fs, 2, receiver)
			r.endAll(receiver, history.Failed)
			expect("once one was asked for alone, and failed", 1)
			l, ok := r.Queue(receiver).Claim(queue.Retries)
			if !ok || !l.Resend || l.Attempt != 1 {
				t.Errorf("handed out: %v, %+v", ok, l)
			}
		})
	}
}

// TestBulkOfRemoved: events that retention has removed are reported.
func TestBulkOfRemoved(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 4), "a")
	r.endAll("a", history.Failed)
	r.stop()
	fs = fs.Kill()
	historytest.Rewrite(t, fs, "removed.json", []byte("[[2,3]]\n"))
	r = start(t, fs, journal.Options{})
	if n, gone := r.bulk(query.Bulk{}); n != 2 || gone != 2 {
		t.Errorf("%d are sent again and %d are gone, want 2 and 2", n, gone)
	}
}

// TestBulkCutShort: what a call made durable before it was ended is delivered,
// also after a kill, and the same call again makes the rest: each event once.
func TestBulkCutShort(t *testing.T) {
	const events, batch = 900, 400
	for name, c := range map[string]struct {
		cut  func(*running, context.CancelFunc)
		want error
	}{
		"by its caller": {func(_ *running, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"by a stop":     {func(r *running, _ context.CancelFunc) { r.Refuse() }, history.ErrStopping},
	} {
		t.Run(name, func(t *testing.T) {
			fs := memfs.New()
			ctx, cancel := context.WithCancel(t.Context())
			cut := func() {}
			r := start(t, fs, journal.Options{Committed: func(int, time.Duration) { cut() }})
			r.SetBulkBatch(batch)
			r.append(ids(1, events), "a")
			r.endAll("a", history.Failed)
			cut = func() { c.cut(r, cancel) }
			b := query.Bulk{Statuses: history.Undelivered()}
			done, err := r.ResendBulk(ctx, b, "api")
			if !errors.Is(err, c.want) || done.Count >= events {
				t.Fatalf("%d taken, %v", done.Count, err)
			}
			if want := fmt.Sprintf("%d of %d were accepted", done.Count, events); done.Count > 0 && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("the error is %q, want %q", err, want)
			}
			r.stop()
			fs = fs.Kill()
			r = start(t, fs, journal.Options{})
			kept := events - must(read(t, fs).Bulk(t.Context(), b)).Count
			if kept == 0 || kept < done.Count {
				t.Errorf("%d are kept, and %d were reported", kept, done.Count)
			}
			if n, _ := r.bulk(b); n != events-kept {
				t.Errorf("%d are sent again, want %d", n, events-kept)
			}
			got := r.endAll("a", history.Delivered)
			slices.Sort(got)
			if len(got) != events || len(slices.Compact(got)) != events {
				t.Errorf("%d deliveries of %d events, want each once", len(got), events)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// selected returns what matches, in the order of acceptance.
func selected(m query.Matches) string {
	text := fmt.Sprintf("%d, %d gone:", m.Count, m.Gone)
	var list []string
	for _, a := range m.List {
		list = append(list, fmt.Sprintf("%09d %s", a.Of, m.Targets.List[a.To]))
	}
	slices.Sort(list)
	return text + strings.Join(list, ", ")
}

// TestBulkByIndexes: which deliveries match does not depend on indexes, nor on what a
// process remembers.
func TestBulkByIndexes(t *testing.T) {
	fs := historytest.Generated(t)
	r := start(t, fs, journal.Options{SegmentSize: 64 << 10})
	r.bulk(query.Bulk{Webhooks: []string{"webhook-9"}})
	r.endAll("webhook-9", history.Exhausted)
	for range 3 {
		r.bulk(query.Bulk{Webhooks: []string{"webhook-1", "webhook-2"}, Statuses: []history.Status{history.Delivered}})
		r.endAll("webhook-1", history.Delivered)
	}
	r.stop()
	fs = fs.Kill()
	bulks := []query.Bulk{
		{Statuses: history.Ends()},
		{Statuses: history.Undelivered()},
		{Statuses: history.Ends(), Webhooks: []string{"webhook-1"}},
		{Statuses: history.Ends(), Webhooks: []string{"webhook-2", "webhook-3"}, Type: "order.paid"},
		{Statuses: history.Undelivered(), To: "webhook-1"},
		{Statuses: history.Ends(), Since: historytest.Until.Add(-20 * time.Second), Until: historytest.Until.Add(-5 * time.Second)},
		{Statuses: history.Ends(), Webhooks: []string{"webhook-9"}, Since: historytest.Until.Add(-time.Second)},
	}
	var want []query.Matches
	for _, b := range bulks {
		want = append(want, must(read(t, fs).Bulk(t.Context(), b)))
	}
	if want[0].Count < 1000 || want[1].Count == 0 || want[2].Count < 100 {
		t.Fatalf("too few match: %d, %d and %d", want[0].Count, want[1].Count, want[2].Count)
	}
	historytest.Index(t, fs)
	remembering := read(t, fs)
	remembering.Use(new(query.Memory))
	for i, b := range bulks {
		for name, reader := range map[string]*query.Reader{"indexes": read(t, fs), "a memory": remembering} {
			if got := must(reader.Bulk(t.Context(), b)); selected(got) != selected(want[i]) {
				t.Errorf("%+v: %.300s with %s, %.300s without", b, selected(got), name, selected(want[i]))
			}
		}
	}
}

// TestBulkOfMany: memory does not grow with the events that are made again, but
// by a few words for each.
func TestBulkOfMany(t *testing.T) {
	dir := t.TempDir()
	if err := historytest.Generate(t.Context(), dir, historytest.Options{Attempts: 15_000, Seed: 1, SegmentSize: 2 << 20}); err != nil {
		t.Fatal(err)
	}
	var most, batches uint64
	j, err := journal.Open(dir, journal.Options{Log: slog.New(slog.DiscardHandler), Committed: func(int, time.Duration) {
		batches++
		most = max(most, heap())
	}})
	if err != nil {
		t.Fatal(err)
	}
	j.SetBulkBatch(1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	before := heap()
	done, err := j.ResendBulk(ctx, query.Bulk{Statuses: []history.Status{history.Delivered}}, "api")
	if err != nil || done.Count < 12_000 {
		t.Fatalf("%d are sent again, %v", done.Count, err)
	}
	backlog := 0
	for _, q := range j.Queues() {
		backlog += q.Backlog().Events
	}
	if backlog < done.Count {
		t.Errorf("%d wait, want the %d and what waited", backlog, done.Count)
	}
	if grown := int64(most) - int64(before); grown > 3<<20 || batches < 10 {
		t.Errorf("the heap grew by %d KiB, in %d batches", grown>>10, batches)
	}
	cancel()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Error(err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
