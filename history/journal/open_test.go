package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/history/journal"
)

// TestCannotOpen says what is wrong with the folder, and what to do.
func TestCannotOpen(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(root, "none", "history")
	for _, test := range []struct{ path, want string }{
		{missing, "mkdir " + missing + ": no such file or directory; create its parent folder, or change history.dir"},
		{file, "open " + file + ": not a directory; a file is in the way; move it, or change history.dir"},
		{filepath.Join(file, "history"), "mkdir " + file + "/history: not a directory; a file is in the way; move it, or change history.dir"},
	} {
		j, err := journal.Open(test.path, journal.Options{})
		if err == nil {
			t.Errorf("%s was opened: %v", test.path, j)
			continue
		}
		if got := err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	if os.Getuid() == 0 {
		return // no mode stops root
	}
	closed := filepath.Join(root, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := journal.Open(filepath.Join(closed, "history"), journal.Options{})
	if err == nil || !strings.HasSuffix(err.Error(), "permission denied; let the user that sidehook runs as write there, or change history.dir") {
		t.Errorf("got %v", err)
	}
}
