package memfs_test

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

var errBroken = errors.New("broken")

// calls are one of each kind, on a folder that holds the file a, which is f.
var calls = []struct {
	kind memfs.Kind
	call func(m *memfs.FS, f vfs.File) error
	done func(t *testing.T, m *memfs.FS) bool // nil where nothing is seen of it
}{
	{memfs.Create, func(m *memfs.FS, _ vfs.File) error { _, err := m.Create("b"); return err }, has("b")},
	{memfs.Open, func(m *memfs.FS, _ vfs.File) error { _, err := m.Open("a"); return err }, nil},
	{memfs.Open, func(m *memfs.FS, _ vfs.File) error { _, err := m.Append("a"); return err }, nil},
	{memfs.Rename, func(m *memfs.FS, _ vfs.File) error { return m.Rename("a", "b") }, has("b")},
	{memfs.Remove, func(m *memfs.FS, _ vfs.File) error { return m.Remove("a") },
		func(t *testing.T, m *memfs.FS) bool { return !has("a")(t, m) }},
	{memfs.Symlink, func(m *memfs.FS, _ vfs.File) error { return m.Symlink("a", "l") },
		func(_ *testing.T, m *memfs.FS) bool { _, err := m.Readlink("l"); return err == nil }},
	{memfs.List, func(m *memfs.FS, _ vfs.File) error { _, err := m.List(); return err }, nil},
	{memfs.SyncDir, func(m *memfs.FS, _ vfs.File) error { return m.Sync() },
		func(t *testing.T, m *memfs.FS) bool { return survives(t, m, "") }},
	{memfs.Write, func(_ *memfs.FS, f vfs.File) error { _, err := f.Write([]byte("more")); return err }, holds("textmore")},
	{memfs.Read, func(_ *memfs.FS, f vfs.File) error { _, err := f.ReadAt(make([]byte, 1), 0); return err }, nil},
	{memfs.Sync, func(_ *memfs.FS, f vfs.File) error { return f.Sync() },
		func(t *testing.T, m *memfs.FS) bool { check(t, m.Sync()); return survives(t, m, "text") }},
	{memfs.Truncate, func(_ *memfs.FS, f vfs.File) error { return f.Truncate(2) }, holds("te")},
}

func has(name string) func(*testing.T, *memfs.FS) bool {
	return func(t *testing.T, m *memfs.FS) bool { _, ok := read(t, m, name); return ok }
}

func holds(content string) func(*testing.T, *memfs.FS) bool {
	return func(t *testing.T, m *memfs.FS) bool { got, _ := read(t, m, "a"); return got == content }
}

// survives reports whether every crash leaves the file a with this content, or
// with any if it is empty.
func survives(t *testing.T, m *memfs.FS, content string) bool {
	all := true
	crashes(m, func(_ uint64, after *memfs.FS) {
		got, ok := read(t, after, "a")
		all = all && ok && (content == "" || got == content)
	})
	return all
}

func TestFaults(t *testing.T) {
	for _, c := range calls {
		for _, fault := range []struct {
			name string
			err  error
			done bool
		}{
			{"failed", errBroken, false},
			{"failed but done", memfs.Done(errBroken), true},
			{"failed, wrapped", fmt.Errorf("hook: %w", errBroken), false},
		} {
			t.Run(string(c.kind)+" "+fault.name, func(t *testing.T) {
				m := memfs.New()
				f := write(t, m, "a", "text")
				var got memfs.Op
				m.SetFault(func(op memfs.Op) error { got = op; return fault.err })
				if err := c.call(m, f); !errors.Is(err, errBroken) {
					t.Errorf("got %v, want %v", err, errBroken)
				}
				m.SetFault(nil)
				want := memfs.Op{Kind: c.kind, Name: "a", N: 1, Total: 3}
				switch c.kind {
				case memfs.Create:
					want.Name, want.N = "b", 2
				case memfs.Write:
					want.N = 2
				case memfs.Symlink:
					want.Name = "l"
				case memfs.List, memfs.SyncDir:
					want.Name = ""
				}
				if got != want {
					t.Errorf("the hook was asked about %v, want %v", got, want)
				}
				if c.done != nil && c.done(t, m) != fault.done {
					t.Errorf("done: got %t, want %t", !fault.done, fault.done)
				}
			})
		}
	}
}

func TestShortWrite(t *testing.T) {
	for _, c := range []struct {
		bytes, want int
	}{{0, 0}, {3, 3}, {99, 4}} {
		m := memfs.New()
		f := write(t, m, "a", "text")
		m.SetFault(func(memfs.Op) error { return memfs.Short(c.bytes, errBroken) })
		n, err := f.Write([]byte("more"))
		if n != c.want || !errors.Is(err, errBroken) {
			t.Errorf("Short(%d): got %d, %v, want %d, %v", c.bytes, n, err, c.want, errBroken)
		}
		if err := f.Truncate(0); !errors.Is(err, errBroken) {
			t.Errorf("Truncate: got %v, want %v", err, errBroken)
		}
		m.SetFault(nil)
		want(t, m, "a", "textmore"[:4+c.want])
	}
}

func TestCapacity(t *testing.T) {
	m := memfs.New()
	f := write(t, m, "a", "0123456789")
	write(t, m, "b", "0123456789")
	m.SetCapacity(26)
	n, err := f.Write([]byte("abcdefghi"))
	if n != 6 || !vfs.NoRoom(err) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %d, %v, want 6, %v", n, err, syscall.ENOSPC)
	}
	if free, size, err := m.Free(); free != 0 || size != 26 || err != nil {
		t.Errorf("Free: got %d of %d, %v, want 0 of 26", free, size, err)
	}
	m = m.Kill()
	f = must[vfs.File](t)(m.Append("a"))
	if n, err := f.Write([]byte("x")); n != 0 || !vfs.NoRoom(err) {
		t.Errorf("after a kill: got %d, %v, want 0, %v", n, err, syscall.ENOSPC)
	}
	check(t, f.Truncate(10))
	put(t, f, "abcdef")
	check(t, m.Remove("b"))
	put(t, f, "ghijklmnop")
	m.SetCapacity(-1)
	put(t, f, "qrstuvwxyz")
}

func TestFailEveryCall(t *testing.T) {
	work := func(m *memfs.FS) error {
		f, err := m.Create("a")
		if err != nil {
			return err
		}
		_, writing := f.Write([]byte("text"))
		return errors.Join(writing, f.Sync(), m.Rename("a", "b"), m.Sync())
	}
	m := memfs.New()
	check(t, work(m))
	if got := m.Ops(); got != 5 || m.Ops(memfs.Sync, memfs.SyncDir) != 2 || m.Ops(memfs.Read) != 0 {
		t.Errorf("got %d calls, %d of them syncs, want 5 and 2", got, m.Ops(memfs.Sync, memfs.SyncDir))
	}
	for k := 1; k <= 6; k++ {
		for name, hook := range map[string]func(int, error) func(memfs.Op) error{"at": memfs.At, "from": memfs.From} {
			failures := 0
			m := memfs.New()
			fail := hook(k, errBroken)
			m.SetFault(func(op memfs.Op) error {
				err := fail(op)
				if err != nil {
					failures++
				}
				return err
			})
			err := work(m)
			if (err != nil) != (k <= 5) {
				t.Errorf("%s %d: got %v", name, k, err)
			}
			wantFailures := min(1, 6-k)
			if name == "from" && k > 1 {
				wantFailures = 6 - k
			}
			if failures != wantFailures {
				t.Errorf("%s %d: %d calls failed, want %d", name, k, failures, wantFailures)
			}
		}
	}
}

// A sync vouches for what was there when it was called.
func TestSlowSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memfs.New()
		f := write(t, m, "a", "before ")
		check(t, m.Sync())
		goOn := make(chan struct{})
		m.SetFault(func(op memfs.Op) error {
			if op.Kind == memfs.Sync || op.Kind == memfs.SyncDir {
				<-goOn
			}
			return nil
		})
		var wg sync.WaitGroup
		for _, sync := range []func() error{f.Sync, m.Sync} {
			wg.Go(func() {
				if err := sync(); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		put(t, f, "during")
		check(t, m.Rename("a", "b"))
		close(goOn)
		wg.Wait()
		seen := outcomes{}
		crashes(m, func(_ uint64, after *memfs.FS) {
			for _, name := range must[[]string](t)(after.List()) {
				text, _ := read(t, after, name)
				seen[name]++
				seen[text]++
			}
		})
		seen.want(t, "a", "b", "before ", "before during")
		if seen["a"]+seen["b"] != seeds {
			t.Errorf("got %v", seen)
		}
	})
}

func TestPowerGoesDuringACall(t *testing.T) {
	m := memfs.New()
	f := write(t, m, "a", "text")
	check(t, m.Sync())
	var after *memfs.FS
	m.SetFault(func(memfs.Op) error {
		after = m.Crash(seeded(0))
		return nil
	})
	if err := f.Sync(); !errors.Is(err, memfs.ErrDown) {
		t.Errorf("got %v, want %v", err, memfs.ErrDown)
	}
	if _, err := after.Open("a"); err != nil {
		t.Error(err)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := memfs.New()
	m.SetFault(func(memfs.Op) error { return nil })
	work := func(name string) error {
		f, err := m.Create(name)
		if err != nil {
			return err
		}
		for range 50 {
			_, writing := f.Write([]byte("x"))
			_, reading := f.ReadAt(make([]byte, 1), 0)
			_, listing := m.List()
			if err := errors.Join(writing, reading, listing, f.Sync(), m.Sync()); err != nil {
				return err
			}
		}
		m.Kill()
		return nil
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := work(fmt.Sprint(i)); err != nil && !errors.Is(err, memfs.ErrDown) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := m.Open("0"); !errors.Is(err, memfs.ErrDown) {
		t.Errorf("got %v, want %v", err, memfs.ErrDown)
	}
}
