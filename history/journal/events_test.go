package journal_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
)

// listed returns the events of a query, each as its id and its statuses.
func listed(t *testing.T, r *query.Reader, q query.EventQuery) (list []string) {
	t.Helper()
	err := r.Events(t.Context(), q, func(e *query.AcceptedEvent) bool {
		text := e.Parsed.ID
		for _, name := range slices.Sorted(maps.Keys(e.Statuses)) {
			text += fmt.Sprintf(" %s=%s", name, e.Statuses[name])
		}
		list = append(list, text)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// typed appends an event of a type.
func (r *running) typed(id, typ string, to ...string) {
	r.t.Helper()
	e := entry(r.t, id, to...)
	e.Event.JSON = []byte(strings.Replace(string(e.Event.JSON), `"a.b"`, fmt.Sprintf("%q", typ), 1))
	if _, err := r.Append(r.t.Context(), []history.Entry{e}); err != nil {
		r.t.Fatal(err)
	}
}

// one ends, or retries later, the delivery that is due next.
func (r *running) one(webhook, id string, status history.Status) {
	r.t.Helper()
	l := claim(r.t, r.Queue(webhook), id)
	a := history.Attempt{Status: status, Event: id, Type: "a.b", Code: 503}
	if status == history.Retrying {
		l.Retry(a, time.Now().Add(time.Hour))
		return
	}
	l.Done(a)
}

// TestEvents lists what was accepted with what has become of it, by what is running, by
// what a clean stop and a kill leave, and without a checkpoint.
func TestEvents(t *testing.T) {
	for name, then := range map[string]func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS{
		"running":      func(_ *testing.T, _ *running, fs *memfs.FS) *memfs.FS { return fs },
		"checkpointed": func(_ *testing.T, _ *running, fs *memfs.FS) *memfs.FS { time.Sleep(10 * time.Second); return fs },
		"stopped":      func(_ *testing.T, r *running, fs *memfs.FS) *memfs.FS { r.stop(); return fs },
		"killed":       func(_ *testing.T, r *running, fs *memfs.FS) *memfs.FS { r.stop(); return fs.Kill() },
		"without a checkpoint": func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS {
			r.stop()
			for _, name := range historytest.Names(t, fs, "cursors", ".json") {
				if err := fs.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
			return fs
		},
	} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) { testEvents(t, fs, r, then) })
		})
	}
}

func testEvents(t *testing.T, fs *memfs.FS, r *running, then func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS) {
	began := time.Now()
	r.append([]string{"both"}, "a", "b")
	r.one("a", "both", history.Delivered)
	r.one("b", "both", history.Retrying)
	r.append([]string{"lost"}, "a")
	r.one("a", "lost", history.Exhausted)
	r.append([]string{"again"}, "a")
	r.one("a", "again", history.Failed)
	r.append([]string{"arrived"}, "a")
	r.one("a", "arrived", history.Failed)
	r.append([]string{"nobody"})
	time.Sleep(time.Minute)
	r.resend(fs, 4, "a")
	r.one("a", "arrived", history.Delivered)
	r.typed("other", "x.y.z", "c")
	r.resend(fs, 3, "a")
	r.append([]string{"waiting"}, "b", "c")
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	fs = then(t, r, fs)
	reader := read(t, fs)
	both, lost, again, arrived := "both a=delivered b=retrying", "lost a=exhausted", "again a=waiting", "arrived a=delivered"
	other, waiting := "other c=waiting", "waiting b=waiting c=waiting"
	for name, c := range map[string]struct {
		q    query.EventQuery
		want []string
	}{
		"all":                  {query.EventQuery{}, []string{waiting, other, "nobody", arrived, again, lost, both}},
		"a webhook":            {query.EventQuery{Webhook: "b"}, []string{waiting, both}},
		"a type":               {query.EventQuery{Type: "x.y.z"}, []string{other}},
		"a glob":               {query.EventQuery{Type: "x.**"}, []string{other}},
		"matched":              {query.EventQuery{Matched: query.Yes, Until: began.Add(time.Second)}, []string{arrived, again, lost, both}},
		"unmatched":            {query.EventQuery{Matched: query.No}, []string{"nobody"}},
		"waiting":              {query.EventQuery{Waiting: query.Yes}, []string{waiting, other, again, both}},
		"waiting for a":        {query.EventQuery{Waiting: query.Yes, Webhook: "a"}, []string{again}},
		"waiting for b":        {query.EventQuery{Waiting: query.Yes, Webhook: "b"}, []string{waiting, both}},
		"waiting of a type":    {query.EventQuery{Waiting: query.Yes, Type: "*.*.*"}, []string{other}},
		"waiting since":        {query.EventQuery{Waiting: query.Yes, Since: began.Add(time.Second)}, []string{waiting, other}},
		"waiting, second page": {query.EventQuery{Waiting: query.Yes, Before: 5}, []string{again, both}},
		"after":                {query.EventQuery{After: 4}, []string{waiting, other, "nobody"}},
		"waiting, after":       {query.EventQuery{Waiting: query.Yes, After: 3}, []string{waiting, other}},
		"ended":                {query.EventQuery{Waiting: query.No}, []string{"nobody", arrived, lost}},
		"none":                 {query.EventQuery{Webhook: "d"}, nil},
	} {
		same(t, name, listed(t, reader, c.q), c.want)
	}
	want := map[string]uint64{"a": 1, "b": 2, "c": 2}
	if got, err := reader.Backlogs(); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v wait, %v; want %v", got, err, want)
	}
}

// TestEventsByIndexes: what is listed does not depend on indexes, nor on pages.
func TestEventsByIndexes(t *testing.T) {
	fs := historytest.Generated(t)
	r := start(t, fs, journal.Options{SegmentSize: 64 << 10})
	r.bulk(query.Bulk{Webhooks: []string{"webhook-9"}})
	r.endAll("webhook-9", history.Exhausted)
	r.bulk(query.Bulk{Webhooks: []string{"webhook-9"}})
	r.append(ids(1, 300), "webhook-1", "webhook-2")
	r.endAll("webhook-1", history.Delivered)
	r.append(ids(1000, 1005))
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	r.stop()
	fs = fs.Kill()
	queries := []query.EventQuery{
		{}, {Type: "order.*"}, {Type: "order.paid", Webhook: "webhook-3"}, {Matched: query.No}, {Waiting: query.Yes},
		{Waiting: query.Yes, Webhook: "webhook-9"}, {Waiting: query.No, Webhook: "webhook-9"},
	}
	var want [][]string
	for i, q := range queries {
		want = append(want, listed(t, read(t, fs), q))
		if len(want[i]) < 6 {
			t.Fatalf("%+v: only %d", q, len(want[i]))
		}
	}
	historytest.Index(t, fs)
	reader := read(t, fs)
	reader.Use(new(query.Memory))
	for i, q := range queries {
		if got := listed(t, read(t, fs), q); !slices.Equal(got, want[i]) {
			t.Errorf("%+v: %d with indexes alone, %d without", q, len(got), len(want[i]))
		}
		if got := listed(t, reader, q); !slices.Equal(got, want[i]) {
			t.Errorf("%+v: %d with indexes, %d without", q, len(got), len(want[i]))
		}
		var paged []string
		for more := true; more; {
			more = false
			count := 0
			err := reader.Events(t.Context(), q, func(e *query.AcceptedEvent) bool {
				if count++; count > 100 {
					more = true
					return false
				}
				paged = append(paged, e.Parsed.ID)
				q.Before = e.Seq
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(paged) != len(want[i]) {
			t.Errorf("%+v: %d in pages, want %d", q, len(paged), len(want[i]))
		}
	}
}

// unresolved returns the events of what is unresolved, with how it ended.
func unresolved(t *testing.T, r *query.Reader, q query.Query) (list []string) {
	t.Helper()
	q.Unresolved = true
	if err := r.Attempts(q, func(d *history.DeliveryRecord) bool {
		list = append(list, fmt.Sprintf("%s %s=%s", d.Event, d.Webhook, d.Status))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestUnresolved: of each delivery that has not arrived, how it ended last; what is
// resent stays until it has arrived.
func TestUnresolved(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		expect := func(what string, q query.Query, want ...string) {
			t.Helper()
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			same(t, what, unresolved(t, read(t, fs), q), want)
		}
		r.append([]string{"e1"}, "a", "b")
		r.one("a", "e1", history.Failed)
		r.one("b", "e1", history.Exhausted)
		r.append([]string{"e2"}, "a")
		r.one("a", "e2", history.Delivered)
		r.append([]string{"e3"}, "a")
		r.one("a", "e3", history.Retrying)
		r.append([]string{"e4"}, "a")
		r.one("a", "e4", history.Canceled)
		all := []string{"e4 a=canceled", "e1 b=exhausted", "e1 a=failed"}
		expect("at first", query.Query{}, all...)
		expect("a webhook", query.Query{Webhook: "b"}, all[1])
		expect("a status", query.Query{Statuses: []history.Status{history.Canceled, history.Delivered}}, all[0])
		expect("delivered", query.Query{Statuses: []history.Status{history.Delivered}})
		expect("an event", query.Query{Event: "e1"}, all[1], all[2])
		expect("a code", query.Query{Codes: query.Codes{From: 400, To: 499}})
		expect("a type", query.Query{Type: "a.*"}, all...)
		r.resend(fs, 1, "a")
		expect("while a resend waits", query.Query{}, all...)
		time.Sleep(10 * time.Second) // and is in the checkpoint
		expect("while a resend waits", query.Query{}, all...)
		r.one("a", "e1", history.Expired)
		expect("after it has failed", query.Query{}, "e1 a=expired", all[0], all[1])
		r.resend(fs, 1, "a")
		expect("while another waits", query.Query{}, "e1 a=expired", all[0], all[1])
		r.one("a", "e1", history.Delivered)
		expect("after it has arrived", query.Query{}, all[0], all[1])
	})
}

// TestSummaries: what has ended, what waits, and when a webhook had an outage.
func TestSummaries(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		summaries := func(webhook string, since time.Time) []history.WebhookStats {
			t.Helper()
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			list, err := read(t, fs).Summaries(webhook, since, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		began := time.Now()
		r.append(ids(1, 5), "a")
		r.append(ids(6, 6), "b")
		if got := summaries("", began); len(got) != 2 || got[0].Waiting != 5 || got[0].SuccessRate != nil || got[1].Webhook != "b" || got[1].Waiting != 1 {
			t.Errorf("while all waits: %+v", got)
		}
		r.one("a", "e1", history.Delivered)
		r.one("a", "e2", history.Retrying)
		r.one("a", "e3", history.Exhausted)
		r.one("a", "e4", history.Delivered)
		failing := time.Now().Add(time.Minute)
		time.Sleep(time.Minute)
		r.Queue("a").SetState(history.WebhookState{Name: "failing", Since: failing, Why: "503"})
		time.Sleep(time.Minute)
		r.Queue("a").Restate()
		disabled := time.Now()
		r.Queue("a").SetState(history.WebhookState{Name: "disabled", Since: disabled, Why: "410"})
		time.Sleep(time.Minute)
		over := time.Now()
		r.Queue("a").SetState(history.WebhookState{})
		time.Sleep(time.Minute)
		r.Queue("a").SetState(history.WebhookState{Name: "failing", Since: time.Now()})
		time.Sleep(time.Minute)
		got := summaries("a", began)
		if len(got) != 1 {
			t.Fatalf("got %+v", got)
		}
		w := got[0]
		if w.Events != 4 || w.Delivered != 2 || w.Retried != 1 || w.GivenUp != 1 || w.Waiting != 2 || *w.SuccessRate != 2./3 {
			t.Errorf("got %+v", w)
		}
		want := []history.Outage{{State: "failing", From: failing, To: disabled, Why: "503"}, {State: "disabled", From: disabled, To: over, Why: "410"}}
		if len(w.Outages) != 3 || !equalOutages(w.Outages[:2], want) || !w.Outages[2].To.IsZero() {
			t.Errorf("outages %+v, want %+v and one that goes on", w.Outages, want)
		}
		if late := summaries("a", over.Add(time.Second)); len(late) != 1 || len(late[0].Outages) != 1 {
			t.Errorf("later: %+v", late)
		}
		if none := summaries("c", began); len(none) != 0 {
			t.Errorf("of another webhook: %+v", none)
		}
	})
}

func equalOutages(got, want []history.Outage) bool {
	return slices.EqualFunc(got, want, func(a, b history.Outage) bool {
		return a.State == b.State && a.Why == b.Why && a.From.Equal(b.From) && a.To.Equal(b.To)
	})
}

// TestResendProgress: a resend in bulk is followed until all has ended, over a kill and
// a rename.
func TestResendProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		r := start(t, fs, journal.Options{})
		r.append(ids(1, 6), "a")
		r.endAll("a", history.Failed)
		done, err := r.ResendBulk(t.Context(), query.Bulk{Statuses: history.Undelivered()}, "api")
		if err != nil || done.Count != 6 || done.ID == "" {
			t.Fatalf("%+v, %v", done, err)
		}
		r.resend(fs, 1, "b") // another one
		known, err := read(t, fs).Resend(t.Context(), done.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(what string, delivered, waiting, givenUp int) {
			t.Helper()
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			reader := read(t, fs)
			fresh, err := reader.Resend(t.Context(), done.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []**query.ResendProgress{&known, &fresh} {
				ok, err := reader.Update(t.Context(), *p)
				if !ok {
					*p, err = reader.Resend(t.Context(), done.ID)
					if err == nil {
						ok, err = reader.Update(t.Context(), *p)
					}
				}
				if x := *p; !ok || err != nil || x.Count != 6 || x.Delivered != delivered || x.Waiting() != waiting || x.GivenUp != givenUp {
					t.Errorf("%s: %+v, %t, %v; want %d delivered, %d waiting, %d given up", what, x, ok, err, delivered, waiting, givenUp)
				}
			}
		}
		expect("at first", 0, 6, 0)
		r.one("a", "e1", history.Delivered)
		r.one("a", "e2", history.Exhausted)
		r.one("a", "e3", history.Retrying)
		expect("after some", 1, 4, 1)
		r.stop()
		fs = fs.Kill()
		r = start(t, fs, journal.Options{})
		r.rename("a", "c", 4)
		expect("after a rename", 1, 4, 1)
		r.one("c", "e3", history.Delivered)
		r.rename("c", "d", 3)
		expect("after another", 2, 3, 1)
		time.Sleep(2 * time.Hour)
		r.endAll("d", history.Delivered)
		expect("at last", 5, 0, 1)
		for _, unknown := range []string{"", "r", "x", done.ID + "0", query.NewResendID(time.Now())} {
			if _, err := read(t, fs).Resend(t.Context(), unknown); err == nil {
				t.Errorf("there is a resend %q", unknown)
			}
		}
		r.stop()
		sound(t, fs)
	})
}
