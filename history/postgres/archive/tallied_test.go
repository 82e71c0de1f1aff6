package archive_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/postgres/retention"
	"sidehook/history/query"
	"sidehook/history/stats"
)

// TestTallied: what retention has counted of filled partitions agrees with their
// attempts.
func TestTallied(t *testing.T) {
	r := imported(t, historytest.Generated(t), 300)
	since := historytest.Until.Truncate(time.Minute).Add(-time.Minute)
	ask := func() string {
		t.Helper()
		all, err := r.Summaries("", since, since.Add(2*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	want := ask()
	for range 3 {
		if err := retention.New(retention.Options{DB: r.DB()}).Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var tallied, minutes int
	if err := r.DB().Read(t.Context(), `SELECT (SELECT count(*) FROM {schema}.parts WHERE tallied), (SELECT count(*) FROM {schema}.minutes)`, nil, &tallied, &minutes); err != nil {
		t.Fatal(err)
	}
	if tallied < 5 || minutes < tallied {
		t.Fatalf("got %d partitions counted, in %d rows", tallied, minutes)
	}
	exec(t, r, `UPDATE {schema}.attempts SET counts = 1 << 30, took = 0 WHERE n < (SELECT max(next) FROM {schema}.parts WHERE tallied)`) // they are not read
	if got := ask(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRecentOf: of each webhook the attempts up to its line are counted, whether their
// partition is counted already or not.
func TestRecentOf(t *testing.T) {
	r := imported(t, historytest.Generated(t), 300)
	newest, err := r.Newest()
	if err != nil {
		t.Fatal(err)
	}
	since := historytest.Until.Add(-24 * time.Hour).Truncate(time.Minute)
	last, want := map[string]history.LineNo{}, map[string]int{}
	err = r.Attempts(query.Query{}, func(d *history.DeliveryRecord) bool {
		if _, ok := last[d.Webhook]; !ok && d.N < newest*9/10 {
			last[d.Webhook] = d.N - history.LineNo(len(last)*100) // not all of them the same
		}
		if d.N <= last[d.Webhook] && d.At.After(since) && d.Status == history.Delivered && !d.Test && !d.Late {
			want[d.Webhook]++
		}
		return true
	})
	if err != nil || len(want) < 5 {
		t.Fatalf("got %v, %v", want, err)
	}
	check := func(when string) {
		t.Helper()
		got := map[string]int{}
		err := r.RecentOf(t.Context(), last, since, func(m *stats.Minute) bool {
			if m.Delivered > 0 {
				got[m.Webhook] += m.Delivered
			}
			return true
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, %v, want %v", when, got, err, want)
		}
	}
	check("nothing is counted")
	for range 3 {
		if err := retention.New(retention.Options{DB: r.DB()}).Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check("partitions are counted")
}

// TestBacklogsAfterATest: a test ends no delivery.
func TestBacklogsAfterATest(t *testing.T) {
	r := imported(t, historytest.Generated(t), 300)
	want, err := r.Backlogs()
	if err != nil || len(want) == 0 {
		t.Fatalf("got %v, %v", want, err)
	}
	for webhook := range want {
		exec(t, r, `WITH e AS (UPDATE {schema}.head SET last = last + 1 WHERE stream = 'events' RETURNING last),
			a AS (UPDATE {schema}.head SET last = last + 1 WHERE stream = 'attempts' RETURNING last)
			INSERT INTO {schema}.attempts SELECT a.last, 0, 'attempt', '`+webhook+`', 1, e.last, 0, 0, 'sidehook.test', 'failed', 500, 1, 0, false, 0, '"kind":"attempt"' FROM a, e`)
	}
	got, err := r.Backlogs()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
