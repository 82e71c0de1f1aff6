package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/query"
)

var lately = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

// generated is a history of some segments.
func generated(t *testing.T) *memfs.FS {
	t.Helper()
	fs := memfs.New()
	if err := historytest.GenerateFS(fs, historytest.Options{Attempts: 2000, Seed: 7, Until: lately, SegmentSize: 128 << 10}); err != nil {
		t.Fatal(err)
	}
	return fs
}

func indexFiles(t *testing.T, fs *memfs.FS) (names []string) {
	t.Helper()
	all, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return !strings.HasSuffix(name, ".idx") })
}

func index(t *testing.T, fs *memfs.FS) {
	t.Helper()
	if err := upkeep.BuildIndexes(context.Background(), fs); err != nil {
		t.Fatal(err)
	}
	if len(indexFiles(t, fs)) < 10 {
		t.Fatalf("only %v are indexed", indexFiles(t, fs))
	}
}

// states are histories that all have to give the answers that their lines give.
func states() map[string]func(*testing.T, *memfs.FS) {
	return map[string]func(*testing.T, *memfs.FS){
		"without indexes": func(*testing.T, *memfs.FS) {},
		"with indexes":    index,
		"with some": func(t *testing.T, fs *memfs.FS) {
			index(t, fs)
			for i, name := range indexFiles(t, fs) {
				if i%2 == 0 {
					fs.Remove(name)
				}
			}
		},
		"with damaged indexes": func(t *testing.T, fs *memfs.FS) {
			index(t, fs)
			for i, name := range indexFiles(t, fs) {
				text := content(t, fs, name)
				text[len(text)*i/len(indexFiles(t, fs))] ^= 1
				rewrite(t, fs, name, text)
			}
		},
		"compressed": func(t *testing.T, fs *memfs.FS) {
			index(t, fs)
			compress(t, fs, func(int) bool { return true })
		},
		"compressed without indexes": func(t *testing.T, fs *memfs.FS) {
			compress(t, fs, func(int) bool { return true })
		},
		"some compressed": func(t *testing.T, fs *memfs.FS) {
			index(t, fs)
			compress(t, fs, func(i int) bool { return i%2 == 0 })
		},
		"with damaged lines": func(t *testing.T, fs *memfs.FS) {
			index(t, fs)
			for _, name := range deliveries(t, fs) {
				text := content(t, fs, name)
				for at := 5000; at < len(text); at += 50_000 {
					text[at] ^= 1
				}
				rewrite(t, fs, name, text)
			}
		},
	}
}

func deliveries(t *testing.T, fs *memfs.FS) (names []string) {
	t.Helper()
	all, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool {
		return !strings.HasPrefix(name, "deliveries-") || !strings.HasSuffix(name, ".jsonl")
	})
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

// TestQuery holds every kind of query against the lines themselves.
func TestQuery(t *testing.T) {
	some := every(t, read(t, generated(t)))[1234]
	queries := map[string]query.Query{
		"all":           {},
		"webhook":       {Webhook: "webhook-4"},
		"type":          {Type: "user.created"},
		"status":        {Statuses: []history.Status{history.Exhausted, history.Failed}},
		"together":      {Webhook: "webhook-9", Type: "order.paid", Statuses: []history.Status{history.Retrying}},
		"unknown":       {Webhook: "nobody"},
		"since":         {Since: lately.Add(-3 * time.Second)},
		"until":         {Until: lately.Add(-15 * time.Second)},
		"between":       {Since: lately.Add(-12 * time.Second), Until: lately.Add(-10 * time.Second)},
		"between, of":   {Webhook: "webhook-9", Since: lately.Add(-12 * time.Second), Until: lately.Add(-10 * time.Second)},
		"to come":       {Since: lately.Add(time.Hour)},
		"event":         {Event: some.Event},
		"event of":      {Event: some.Event, Webhook: some.Webhook},
		"seq":           {Event: fmt.Sprint("seq:", some.Seq)},
		"unknown event": {Event: "nope"},
		"before":        {Before: some.N},
		"before, of":    {Before: some.N, Webhook: some.Webhook},
	}
	for state, change := range states() {
		t.Run(state, func(t *testing.T) {
			fs := generated(t)
			change(t, fs)
			r := read(t, fs)
			all := every(t, r)
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
		})
	}
}

// TestLyingIndex: lines that are not what an index says of them are not told.
func TestLyingIndex(t *testing.T) {
	fs := generated(t)
	index(t, fs)
	for _, name := range deliveries(t, fs) {
		var text []byte
		for line := range bytes.Lines(content(t, fs, name)) {
			if bytes.Contains(line, []byte(`"webhook":"webhook-4"`)) {
				open, _ := jsonl.VerifyChecksum(line)
				line = jsonl.AppendChecksum(bytes.Replace(open, []byte(`"webhook-4"`), []byte(`"webhook-5"`), 1))
			}
			text = append(text, line...)
		}
		rewrite(t, fs, name, text)
	}
	if got := attempts(t, read(t, fs), query.Query{Webhook: "webhook-4"}, 0); len(got) > 0 {
		t.Errorf("%d attempts are told that are of another webhook", len(got))
	}
}

// TestPages: pages that go on by their cursors hold each attempt once.
func TestPages(t *testing.T) {
	fs := generated(t)
	index(t, fs)
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

// TestStory: what an event's story holds does not depend on indexes.
func TestStory(t *testing.T) {
	for state, change := range states() {
		t.Run(state, func(t *testing.T) {
			fs := generated(t)
			change(t, fs)
			r := read(t, fs)
			all := every(t, r)
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
		})
	}
}

// TestStats holds the counts against the lines.
func TestStats(t *testing.T) {
	since := lately.Truncate(time.Minute).Add(-time.Hour)
	for state, change := range states() {
		t.Run(state, func(t *testing.T) {
			fs := generated(t)
			change(t, fs)
			r := read(t, fs)
			list, err := r.Stats(since, lately.Add(time.Minute), 4)
			if err != nil {
				t.Fatal(err)
			}
			got, want := map[string]uint64{}, map[string]uint64{}
			for i := range list {
				s := &list[i]
				for _, status := range query.Statuses() {
					if n := s.Count(status); n > 0 {
						got[s.Webhook+" "+string(status)] = n
					}
				}
				var charted uint64
				for part := range s.Chart {
					charted += s.ChartCount(part, history.Delivered)
				}
				if charted != s.Count(history.Delivered) {
					t.Errorf("%s: the chart has %d delivered of %d", s.Webhook, charted, s.Count(history.Delivered))
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
		})
	}
}
