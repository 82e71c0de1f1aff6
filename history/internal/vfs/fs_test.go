package vfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"

	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

const (
	oldState = "old: a content of some length"
	newState = "new"
)

// stateful is a folder in which ReplaceFile wrote the old state.
func stateful(t *testing.T) *memfs.FS {
	t.Helper()
	m := memfs.New()
	if err := vfs.ReplaceFile(m, "state", []byte(oldState)); err != nil {
		t.Fatal(err)
	}
	return m
}

// replaceCalls is how many calls one ReplaceFile makes.
func replaceCalls(t *testing.T) int {
	m := stateful(t)
	before := m.Ops()
	if err := vfs.ReplaceFile(m, "state", []byte(newState)); err != nil {
		t.Fatal(err)
	}
	return m.Ops() - before
}

// state reads the file, through no hook.
func state(t *testing.T, m *memfs.FS) string {
	t.Helper()
	m.SetFault(nil)
	f, err := m.Open("state")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return string(b)
}

// wantState says that the file holds the old or the new state, the new one if
// that is certain, and can be replaced again whatever lies about.
func wantState(t *testing.T, m *memfs.FS, certain bool) (got string) {
	t.Helper()
	got = state(t, m)
	if got != newState && (certain || got != oldState) {
		t.Errorf("got %q", got)
	}
	if err := vfs.ReplaceFile(m, "state", []byte("third")); err != nil {
		t.Error(err)
	} else if got := state(t, m); got != "third" {
		t.Errorf("replaced again: got %q, want %q", got, "third")
	}
	return got
}

func TestReplaceFileCrash(t *testing.T) {
	seen := map[string]int{}
	for k := range replaceCalls(t) + 1 {
		for seed := range uint64(60) {
			m := stateful(t)
			m.SetFault(memfs.From(m.Ops()+k+1, memfs.ErrDown))
			err := vfs.ReplaceFile(m, "state", []byte(newState))
			rng := rand.New(rand.NewPCG(seed, uint64(k)))
			seen[wantState(t, m.Crash(rng), err == nil)]++
			wantState(t, m.Kill(), err == nil)
			wantState(t, m.Kill().Crash(rng), err == nil)
		}
	}
	if seen[oldState] == 0 || seen[newState] == 0 {
		t.Errorf("got only %v", seen)
	}
}

func TestReplaceFileFaults(t *testing.T) {
	for _, fault := range []error{
		syscall.EIO, syscall.ENOSPC, memfs.Done(syscall.EIO), memfs.Short(2, syscall.ENOSPC),
	} {
		for k := 1; k <= replaceCalls(t); k++ {
			t.Run(fmt.Sprintf("%v at %d", fault, k), func(t *testing.T) {
				m := stateful(t)
				m.SetFault(memfs.At(m.Ops()+k, fault))
				err := vfs.ReplaceFile(m, "state", []byte(newState))
				m.SetFault(nil)
				// The first call finds nothing to remove, and says so whatever the fault.
				if err == nil && k > 1 {
					t.Error("the failure was not reported")
				}
				if names, err := m.List(); err != nil || !slices.Equal(names, []string{"state"}) {
					t.Errorf("left behind: %q, %v", names, err)
				}
				wantState(t, m.Crash(rand.New(rand.NewPCG(uint64(k), 0))), err == nil)
				wantState(t, m.Kill(), err == nil)
			})
		}
	}
}

func TestReplaceFileCleansUp(t *testing.T) {
	m := stateful(t)
	m.SetCapacity(int64(len(oldState) + 1))
	err := vfs.ReplaceFile(m, "state", []byte(newState))
	if !vfs.NoRoom(err) {
		t.Errorf("got %v, want %v", err, syscall.ENOSPC)
	}
	if names, err := m.List(); err != nil || !slices.Equal(names, []string{"state"}) {
		t.Errorf("left behind: %q, %v", names, err)
	}
	if got := state(t, m); got != oldState {
		t.Errorf("got %q, want %q", got, oldState)
	}
}

func TestNoRoom(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{syscall.ENOSPC, true},
		{syscall.EDQUOT, true},
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.EFBIG}, true},
		{fmt.Errorf("append: %w", &os.SyscallError{Syscall: "write", Err: syscall.ENOSPC}), true},
		{syscall.EIO, false},
		{syscall.EROFS, false},
		{syscall.EMFILE, false},
		{errors.New("no space left on device"), false},
		{nil, false},
	} {
		if got := vfs.NoRoom(c.err); got != c.want {
			t.Errorf("NoRoom(%v): got %t, want %t", c.err, got, c.want)
		}
	}
}
