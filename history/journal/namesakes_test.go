package journal_test

import (
	"fmt"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestNamesakes: events of several sources may have the same id. The record of one that
// an operator posted says so.
func TestNamesakes(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	for i, by := range []string{"", "console", ""} {
		decoder := event.Decoder{Source: fmt.Sprint("s", i), MaxSize: 1000}
		e, err := decoder.Plain([]byte(`{"id":"x","type":"a"}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Append(t.Context(), []history.Entry{{Event: e, To: []string{"a"}, By: by}}); err != nil {
			t.Fatal(err)
		}
	}
	r.append([]string{"y"}, "a")
	for _, c := range []struct {
		id   string
		most int
		want string
	}{{"x", 10, "3 2console 1 "}, {"x", 2, "3 2console "}, {"y", 10, "4 "}, {"z", 10, ""}} {
		list, err := read(t, fs).Namesakes(c.id, c.most)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range list {
			got += fmt.Sprint(a.Seq, a.By, " ")
		}
		if got != c.want {
			t.Errorf("events with id %s, at most %d: got %q, want %q", c.id, c.most, got, c.want)
		}
	}
}
