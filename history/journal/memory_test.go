package journal_test

import (
	"fmt"
	"testing"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
)

// TestMemory: what is found by what a process remembers is what a reader finds that reads
// all, while more is written and segments end.
func TestMemory(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{SegmentSize: 4 << 10})
	var memory query.Memory
	look := func(id string, memory *query.Memory) string {
		reader := read(t, fs)
		if memory != nil {
			reader.Use(memory)
		}
		trace, err := reader.Trace(query.EventRef{ID: id})
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d %d %s", trace.Seq, len(trace.Resends), trace.Attempts())
	}
	known := []string{"never"}
	for i := 1; i <= 60; i++ {
		id := fmt.Sprint("e", i)
		r.append([]string{id}, "a")
		known = append(known, id)
		status := history.Delivered
		if i%7 == 0 {
			status = history.Failed
		}
		r.one("a", id, status)
		if i%10 == 0 {
			r.resend(fs, history.Seq(1), "a")
			r.one("a", "e1", history.Delivered)
		}
		r.WaitWritten(t.Context())
		for _, id := range known[max(0, len(known)-3):] {
			if got, want := look(id, &memory), look(id, nil); got != want {
				t.Fatalf("after %d events, %s: got %s, want %s", i, id, got, want)
			}
		}
	}
	for _, id := range known {
		if got, want := look(id, &memory), look(id, nil); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}
