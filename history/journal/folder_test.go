package journal_test

import (
	"testing"

	"sidehook/history/historytest"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/query"
	"sidehook/history/verify"
)

// What follows is what the tests do to a folder behind the journal's back, and
// read in it.

// read opens a history to be looked at, until the test ends.
func read(t *testing.T, fs vfs.FS) *query.Reader {
	t.Helper()
	r, err := query.OpenFS(fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// segments are the files of a stream.
func segments(t *testing.T, fs *memfs.FS, stream string) (names []string) {
	t.Helper()
	return historytest.Names(t, fs, stream+"-", ".jsonl")
}

// checking opens a history to be verified.
func checking(t *testing.T, fs vfs.FS) *verify.Checker {
	t.Helper()
	c, err := verify.OpenFS(fs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check verifies every line.
func check(t *testing.T, fs *memfs.FS) verify.Checked {
	t.Helper()
	c, err := checking(t, fs).Check(func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sound fails the test if the history has anything wrong.
func sound(t *testing.T, fs *memfs.FS) {
	t.Helper()
	if c := check(t, fs); len(c.Problems) > 0 {
		t.Errorf("check: %v", c.Problems)
	}
}

// loseCursors takes both files of the cursors away; there may be but one.
func loseCursors(fs *memfs.FS) {
	_ = fs.Remove("cursors.json")
	_ = fs.Remove("cursors.previous.json")
}
