package archive_test

import (
	"encoding/json"
	"testing"
	"time"

	"sidehook/history/historytest"
	"sidehook/history/postgres/retention"
)

// TestTallied: what retention has counted of partitions that are filled is what their
// attempts say.
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
	exec(t, r, `UPDATE {schema}.attempts SET counts = 0 WHERE n < (SELECT max(next) FROM {schema}.parts WHERE tallied)`) // they are not read
	if got := ask(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
