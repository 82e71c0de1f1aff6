package journal_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
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
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	fs.SetCapacity(0)
	r = start(t, fs, journal.Options{})
	same(t, "delivered after a clean stop", r.drain("a"), ids(1, 3))
	if _, err := r.Append(t.Context(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("append: %v", err)
	}
	r.stop()

	fs = memfs.New()
	r = start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	crashed := fs.Kill()
	crashed.SetFault(full)
	_, err := journal.OpenFS(crashed, journal.Options{})
	if err == nil || !strings.Contains(err.Error(), "must be written again first; free some space on the volume of history.dir") {
		t.Errorf("open after a crash: %v", err)
	}
	r = start(t, crashed.Kill(), journal.Options{})
	same(t, "delivered once there is room", r.drain("a"), ids(1, 3))
}

// TestStartOnAVolumeFullOfHistory: what a crash left is written anew where the
// indexes stood, so that a start, which alone can remove what is old, comes so far.
func TestStartOnAVolumeFullOfHistory(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 128 << 10}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.fill(1, 2000, "a")
		time.Sleep(time.Minute)
		r.append(ids(2001, 2003), "b")
		fs = fs.Kill()
		r.stop()
		free, size, err := fs.Free()
		if err != nil {
			t.Fatal(err)
		}
		fs.SetCapacity(size - free)
		r = start(t, fs, journal.Options{SegmentSize: 128 << 10})
		r.Retain(journal.Retention{Keep: time.Second})
		time.Sleep(time.Minute)
		r.append(ids(2004, 2004), "b")
		same(t, "delivered", r.drain("b"), ids(2001, 2004))
		r.stop()
		sound(t, fs)
	})
}

// TestVolumeFills: events are refused as soon as there is no room for them, which
// is also known before a request; and accepted as soon as there is.
func TestVolumeFills(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 400), "a")
	ready := func(want bool) {
		t.Helper()
		if err := r.Fault(); want != (err == nil) || !want && !errors.Is(err, history.ErrNoRoom) {
			t.Errorf("ready: %v, want %v", err, want)
		}
	}
	ready(true)
	free, size, err := fs.Free()
	if err != nil {
		t.Fatal(err)
	}
	fs.SetCapacity(size - free + 600) // less than the hundredth that is kept for outcomes
	ready(false)
	if _, err := r.Append(t.Context(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("append right after another: %v", err)
	}
	fs.SetCapacity(size)
	ready(false) // as long as a write may be what it takes to tell
	r.append(ids(401, 401), "a")
	ready(true)
	same(t, "delivered", r.drain("a"), ids(1, 401))
}

// TestFullPastTelling is about a volume that shows room and has none, by a quota
// or for want of inodes: that is believed for a time only, as somebody may wait to
// be told that events are accepted.
func TestFullPastTelling(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Write {
				return syscall.EDQUOT
			}
			return nil
		})
		if _, err := r.Append(t.Context(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
			t.Errorf("append: %v", err)
		}
		time.Sleep(9 * time.Second)
		if err := r.Fault(); !errors.Is(err, history.ErrNoRoom) {
			t.Errorf("ready: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := r.Fault(); err != nil {
			t.Errorf("ready: %v", err)
		}
		fs.SetFault(nil)
		r.stop()
	})
}
