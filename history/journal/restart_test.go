package journal_test

import (
	"testing"

	"sidehook/history/internal/vfs/memfs"
)

// restarts are the ways in which a journal may come to an end.
var restarts = map[string]func(*testing.T, *running, *memfs.FS) *memfs.FS{
	"a stop": func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS {
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		return fs
	},
	"a kill": func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS {
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		after := fs.Kill()
		r.stop()
		return after
	},
	"a stop, and the loss of the cursors": func(t *testing.T, r *running, fs *memfs.FS) *memfs.FS {
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		loseCursors(fs)
		return fs
	},
}
