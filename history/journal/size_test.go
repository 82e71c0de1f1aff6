package journal_test

import (
	"testing"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// TestSize counts every file of the folder, also those of a finished segment.
func TestSize(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{SegmentSize: 1})
	for i := range 3 {
		r.append(ids(i, i), "a")
	}
	r.drain("a")
	r.stop()
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	var want int64
	for _, name := range names {
		f, err := fs.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		size, err := f.Size()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		want += size
	}
	got, err := r.Size()
	if err != nil || got != want || len(names) < 5 {
		t.Errorf("size %d, %v; want %d, of %v", got, err, want, names)
	}
}
