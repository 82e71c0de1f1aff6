package query_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/jsonl"
	"sidehook/history/query"
	"sidehook/history/stats"
)

// TestReading: whatever indexes and compressed segments there are, and whatever is
// damaged, reading gives the answers that the lines give.
func TestReading(t *testing.T) {
	for state, change := range states() {
		t.Run(state, func(t *testing.T) {
			disk := historytest.Generated(t)
			change(t, disk)
			all := every(t, read(t, disk))
			for name, test := range map[string]func(*testing.T, string, *query.Reader, []history.DeliveryRecord){
				"attempts": testAttempts, "trace": testTrace, "stats": testStats, "recent": testRecent,
			} {
				t.Run(name, func(t *testing.T) { test(t, state, read(t, disk), all) })
				t.Run(name+" with a memory", func(t *testing.T) {
					r := read(t, disk)
					r.Use(new(query.Memory))
					test(t, state, r, all)
				})
			}
		})
	}
}

// states are histories that all have to give the answers that their lines give.
func states() map[string]func(*testing.T, *historytest.Disk) {
	return map[string]func(*testing.T, *historytest.Disk){
		"without indexes": func(*testing.T, *historytest.Disk) {},
		"with indexes":    func(t *testing.T, fs *historytest.Disk) { historytest.Index(t, fs) },
		"with some": func(t *testing.T, fs *historytest.Disk) {
			historytest.Index(t, fs)
			for i, name := range historytest.Names(t, fs, "", ".idx") {
				if i%2 == 0 {
					fs.Remove(name)
				}
			}
		},
		"with damaged indexes": func(t *testing.T, fs *historytest.Disk) {
			historytest.Index(t, fs)
			for i, name := range historytest.Names(t, fs, "", ".idx") {
				text := historytest.Content(t, fs, name)
				text[len(text)*i/len(historytest.Names(t, fs, "", ".idx"))] ^= 1
				historytest.Rewrite(t, fs, name, text)
			}
		},
		"compressed": func(t *testing.T, fs *historytest.Disk) {
			historytest.Index(t, fs)
			historytest.Compress(t, fs, func(int) bool { return true })
		},
		"compressed without indexes": func(t *testing.T, fs *historytest.Disk) {
			historytest.Compress(t, fs, func(int) bool { return true })
		},
		"some compressed": func(t *testing.T, fs *historytest.Disk) {
			historytest.Index(t, fs)
			historytest.Compress(t, fs, func(i int) bool { return i%2 == 0 })
		},
		"with damaged lines": func(t *testing.T, fs *historytest.Disk) {
			historytest.Index(t, fs)
			for _, name := range historytest.Names(t, fs, "deliveries-", ".jsonl") {
				text := historytest.Content(t, fs, name)
				for at := 5000; at < len(text); at += 50_000 {
					text[at] ^= 1
				}
				historytest.Rewrite(t, fs, name, text)
			}
		},
	}
}

// read opens a history until the test ends.
func read(t *testing.T, disk *historytest.Disk) *query.Reader {
	t.Helper()
	r, err := query.OpenFS(disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// every is all outcomes, read line by line.
func every(t *testing.T, r *query.Reader) (list []history.DeliveryRecord) {
	t.Helper()
	err := r.Records(func(o *history.DeliveryRecord) bool {
		c := *o
		c.Raw, c.Took = bytes.Clone(o.Raw), bytes.Clone(o.Took)
		list = append(list, c)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func numbers(list []history.DeliveryRecord) (n []history.LineNo) {
	for i := range list {
		n = append(n, list[i].N)
	}
	return n
}

func attempts(t *testing.T, r *query.Reader, q query.Query, most int) (list []history.DeliveryRecord) {
	t.Helper()
	err := r.Attempts(q, func(o *history.DeliveryRecord) bool {
		list = append(list, *o)
		return len(list) != most
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// testAttempts holds every kind of query against the lines themselves.
func testAttempts(t *testing.T, state string, r *query.Reader, all []history.DeliveryRecord) {
	some := all[1234]
	queries := map[string]query.Query{
		"all":           {},
		"webhook":       {Webhook: "webhook-4"},
		"type":          {Type: "user.created"},
		"status":        {Statuses: []history.Status{history.Exhausted, history.Failed}},
		"together":      {Webhook: "webhook-9", Type: "order.paid", Statuses: []history.Status{history.Retrying}},
		"unknown":       {Webhook: "nobody"},
		"since":         {Since: historytest.Until.Add(-3 * time.Second)},
		"until":         {Until: historytest.Until.Add(-15 * time.Second)},
		"between":       {Since: historytest.Until.Add(-12 * time.Second), Until: historytest.Until.Add(-10 * time.Second)},
		"between, of":   {Webhook: "webhook-9", Since: historytest.Until.Add(-12 * time.Second), Until: historytest.Until.Add(-10 * time.Second)},
		"to come":       {Since: historytest.Until.Add(time.Hour)},
		"event":         {Event: some.Event},
		"event of":      {Event: some.Event, Webhook: some.Webhook},
		"seq":           {Event: fmt.Sprint("seq:", some.Seq)},
		"unknown event": {Event: "nope"},
		"before":        {Before: some.N},
		"before, of":    {Before: some.N, Webhook: some.Webhook},
		"after":         {After: some.N},
		"after, of":     {After: some.N, Webhook: some.Webhook},
		"one":           {After: some.N - 1, Before: some.N + 1},
	}
	for name, q := range queries {
		var want []history.DeliveryRecord
		for i := range slices.Backward(all) {
			if q.Match(&all[i]) {
				want = append(want, all[i])
			}
		}
		if got := attempts(t, r, q, 0); !slices.Equal(numbers(got), numbers(want)) {
			t.Errorf("%s: got %d attempts %.200v, want %d %.200v", name, len(got), numbers(got), len(want), numbers(want))
		}
	}
}

// testTrace holds the traces of some events against the lines.
func testTrace(t *testing.T, state string, r *query.Reader, all []history.DeliveryRecord) {
	for i := 100; i < len(all); i += 400 {
		want := all[i]
		if want.Kind != "attempt" {
			continue
		}
		s, err := r.Trace(query.EventRef{ID: want.Event, Source: "com.example/shop"})
		if err != nil || s.Seq != want.Seq {
			t.Fatalf("event %s: got %+v, %v; want seq %d", want.Event, s, err, want.Seq)
		}
		var made []history.LineNo
		for _, o := range s.Outcomes {
			if o.Kind == "attempt" {
				made = append(made, o.N)
			}
		}
		var told []history.LineNo
		for _, o := range all {
			if o.Kind == "attempt" && o.Seq == want.Seq {
				told = append(told, o.N)
			}
		}
		if !slices.Equal(made, told) || len(s.Outcomes) == len(made) && state != "with damaged lines" {
			t.Errorf("story of %s: attempts %v and %d lines in all, want %v and their config", want.Event, made, len(s.Outcomes), told)
		}
	}
	if _, err := r.Event(query.EventRef{ID: "nope"}); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("an event that is not there: %v", err)
	}
}

// testStats holds the counts against the lines.
func testStats(t *testing.T, state string, r *query.Reader, all []history.DeliveryRecord) {
	since := historytest.Until.Truncate(time.Minute).Add(-time.Hour)
	list, err := r.Stats(since, historytest.Until.Add(time.Minute), 4)
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]uint64{}, map[string]uint64{}
	for i := range list {
		s := &list[i]
		for _, status := range history.Statuses() {
			if n := s.Count(status); n > 0 {
				got[s.Name+" "+string(status)] = n
			}
		}
		var charted uint64
		for part := range s.Chart {
			charted += s.ChartCount(part, history.Delivered)
		}
		if charted != s.Count(history.Delivered) {
			t.Errorf("%s: the chart has %d delivered of %d", s.Name, charted, s.Count(history.Delivered))
		}
	}
	for _, o := range every(t, r) {
		if o.Kind == "attempt" {
			want[o.Webhook+" "+string(o.Status)]++
		}
	}
	// What is damaged now was whole when an index counted it.
	if state != "with damaged lines" && fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(list) != 10 || list[0].Begun() == 0 || list[0].Took.Quantile(.5) == 0 {
		t.Errorf("%d webhooks, the first %+v", len(list), list[0])
	}
}

// testRecent holds the minutes against the lines.
func testRecent(t *testing.T, state string, r *query.Reader, all []history.DeliveryRecord) {
	const within = 10 * time.Minute
	// Some lines of the last minute come after it, as if the next process had
	// written them.
	until := all[len(all)-10].At
	since := until.Add(-within)
	got, want := map[string]int{}, map[string]int{}
	var took, requests int
	if err := r.Recent(since, until, func(m *stats.Minute) bool {
		got[m.Webhook+" delivered"] += m.Delivered
		got[m.Webhook+" failed"] += m.Failed
		for _, n := range m.Took.All() {
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
	if err := r.Recent(since, until, func(*stats.Minute) bool { seen++; return false }); err != nil || seen != 1 {
		t.Errorf("visited %d, %v, want the first alone", seen, err)
	}
}

// TestLyingIndex: a line that contradicts its index is not visited.
func TestLyingIndex(t *testing.T) {
	fs := historytest.Generated(t)
	historytest.Index(t, fs)
	for _, name := range historytest.Names(t, fs, "deliveries-", ".jsonl") {
		var text []byte
		for line := range bytes.Lines(historytest.Content(t, fs, name)) {
			if bytes.Contains(line, []byte(`"webhook":"webhook-4"`)) {
				open, _ := jsonl.VerifyChecksum(line)
				line = jsonl.AppendChecksum(bytes.Replace(open, []byte(`"webhook-4"`), []byte(`"webhook-5"`), 1))
			}
			text = append(text, line...)
		}
		historytest.Rewrite(t, fs, name, text)
	}
	if got := attempts(t, read(t, fs), query.Query{Webhook: "webhook-4"}, 0); len(got) > 0 {
		t.Errorf("%d attempts of another webhook", len(got))
	}
}

// TestPages: pages that follow each other's cursors contain each attempt once.
func TestPages(t *testing.T) {
	fs := historytest.Generated(t)
	historytest.Index(t, fs)
	r := read(t, fs)
	q := query.Query{Webhook: "webhook-2"}
	want := numbers(attempts(t, r, q, 0))
	var got []history.LineNo
	for {
		page := attempts(t, r, q, 7)
		got = append(got, numbers(page)...)
		if len(page) < 7 {
			break
		}
		before, err := query.ParseCursor(query.Cursor(page[6].N))
		if err != nil {
			t.Fatal(err)
		}
		q.Before = before
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []string{"", "b", "x1", "b0", "b-1", "b1!"} {
		if _, err := query.ParseCursor(bad); err == nil {
			t.Errorf("cursor %q is taken", bad)
		}
	}
}
