package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/query"
)

// TestReadWithoutFormat: a history whose FORMAT is lost is read all the same, and
// none where nothing was ever written.
func TestReadWithoutFormat(t *testing.T) {
	folder := t.TempDir()
	if _, err := query.Open(folder); !errors.Is(err, history.ErrNoHistory) {
		t.Errorf("an empty folder: %v", err)
	}
	j, err := journal.Open(folder, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Close(), os.Remove(filepath.Join(folder, "FORMAT"))); err != nil {
		t.Fatal(err)
	}
	r, err := query.Open(folder)
	if err != nil {
		t.Fatalf("without FORMAT: %v", err)
	}
	r.Close()
}
