package segment_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

func errorOf(_ int, err error) error { return err }

// TestEveryOperationFails lets each operation fail in turn, alone and for good,
// with and without its effect: nothing acknowledged is lost, and after an error
// other than for room the writer never goes on (S4).
func TestEveryOperationFails(t *testing.T) {
	broken := errors.New("input/output error")
	for _, effect := range []func(error) error{func(err error) error { return err }, memfs.Done} {
		for k := 1; ; k++ {
			fs := memfs.New()
			fs.SetFault(memfs.At(k, effect(broken)))
			var l *log
			var acked uint64
			r, err := segment.Recover(fs.Locked(), segment.Events, segment.Options{Limit: 4000})
			for i := 0; err == nil && i < 6; i++ {
				l = &log{r, acked}
				err = l.batch(4)
				acked = l.acked
			}
			if err != nil && l != nil {
				if again := l.batch(1); !errors.Is(again, broken) {
					t.Fatalf("operation %d failed, and the writer went on: %v", k, again)
				}
			}
			if err != nil && !errors.Is(err, broken) {
				t.Fatalf("operation %d: %v", k, err)
			}
			after := fs.Crash(rand.New(rand.NewPCG(uint64(k), 2)))
			open(t, after, segment.Options{Limit: 4000})
			wholeUpTo(t, after, acked)
			if err == nil {
				if k < 20 {
					t.Fatalf("only %d operations were tried", k)
				}
				break
			}
		}
	}
}

// TestWriterWithoutRoom fills the disk: the half-written batch goes, and it goes on once
// there is room.
func TestWriterWithoutRoom(t *testing.T) {
	fs := memfs.New()
	l := open(t, fs, segment.Options{Limit: 4000})
	fs.SetCapacity(10_000)
	var err error
	for err == nil {
		err = l.batch(3)
	}
	if !errors.Is(err, segment.ErrNoRoom) {
		t.Fatalf("got %v, want ErrNoRoom", err)
	}
	acked := l.acked
	if err := l.batch(3); !errors.Is(err, segment.ErrNoRoom) {
		t.Fatalf("got %v, want ErrNoRoom", err)
	}
	fs.SetCapacity(-1)
	if err := l.batch(3); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if l.acked != acked+3 {
		t.Errorf("record %d was written last, want %d", l.acked, acked+3)
	}
	wholeUpTo(t, fs, acked+3)
}

// TestWriterWithoutDescriptors: while no segment can be opened, the one that is open becomes
// larger than it should be.
func TestWriterWithoutDescriptors(t *testing.T) {
	for _, lack := range []error{syscall.EMFILE, syscall.ENFILE} {
		fs := memfs.New()
		l := open(t, fs, segment.Options{Limit: 1})
		fs.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Create {
				return lack
			}
			return nil
		})
		for range 3 {
			if err := l.batch(3); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.Writer.First(); got != 1 {
			t.Errorf("%v: it writes to segment %d, want 1", lack, got)
		}
		fs.SetFault(nil)
		if err := l.batch(3); err != nil {
			t.Fatal(err)
		}
		if got := l.Writer.First(); got != 10 {
			t.Errorf("then it writes to segment %d, want 10", got)
		}
		wholeUpTo(t, fs, 12)
	}
}

// TestModifiedExternally cuts a full segment from outside: no other one is begun after
// it (S7).
func TestModifiedExternally(t *testing.T) {
	fs := memfs.New()
	l := open(t, fs, segment.Options{Limit: 1})
	if err := errors.Join(l.batch(3), l.Writer.Check()); err != nil {
		t.Fatal(err)
	}
	file, err := fs.Append(segment.Events.File(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(0), file.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := l.Writer.Begin(); !errors.Is(err, vfs.ErrModifiedExternally) {
			t.Errorf("begin: %v", err)
		}
	}
	if err := l.Writer.Check(); !errors.Is(err, vfs.ErrModifiedExternally) {
		t.Errorf("check: %v", err)
	}
}

// TestFolderSyncWithoutRoom is final like any failed sync (S4).
func TestFolderSyncWithoutRoom(t *testing.T) {
	fs := memfs.New()
	l := open(t, fs, segment.Options{Limit: 1})
	if err := l.batch(1); err != nil {
		t.Fatal(err)
	}
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.SyncDir {
			return syscall.ENOSPC
		}
		return nil
	})
	err := l.batch(1)
	if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, segment.ErrNoRoom) {
		t.Errorf("got %v", err)
	}
	fs.SetFault(nil)
	if again := l.batch(1); again != err {
		t.Errorf("then got %v, want the same", again)
	}
}
