package history_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// TestStartOnAFullDisk: after a clean stop it delivers on; after a crash it
// says what it needs, changes nothing, and the next start with room has it all.
func TestStartOnAFullDisk(t *testing.T) {
	full := func(op memfs.Op) error {
		switch op.Kind {
		case memfs.Create, memfs.Write, memfs.Symlink:
			return syscall.ENOSPC
		}
		return nil
	}
	fs := memfs.New()
	r := start(t, fs, history.Options{})
	r.append(ids(1, 3), "a")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	fs.SetCapacity(0)
	r = start(t, fs, history.Options{})
	same(t, "delivered after a clean stop", r.drain("a"), ids(1, 3))
	if _, err := r.Append(t.Context(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("append: %v", err)
	}
	r.stop()

	fs = memfs.New()
	r = start(t, fs, history.Options{})
	r.append(ids(1, 3), "a")
	crashed := fs.Kill()
	crashed.SetFault(full)
	_, err := history.OpenFS(crashed, history.Options{})
	if err == nil || !strings.Contains(err.Error(), "has to be written anew before it is used; free some space on the volume of history.dir") {
		t.Errorf("open after a crash: %v", err)
	}
	r = start(t, crashed.Kill(), history.Options{})
	same(t, "delivered once there is room", r.drain("a"), ids(1, 3))
}
