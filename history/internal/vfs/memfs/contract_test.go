package memfs_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

// contract is what vfs.FS promises, so that a test on memfs says something
// about the real folder.
var contract = []struct {
	name string
	test func(t *testing.T, fsys vfs.FS)
}{
	{"create refuses a taken name", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "x")
		check(t, fsys.Symlink("nothing", "link"))
		for _, name := range []string{"a", "link"} {
			if _, err := fsys.Create(name); !errors.Is(err, fs.ErrExist) {
				t.Errorf("Create(%q): got %v, want %v", name, err, fs.ErrExist)
			}
		}
	}},
	{"what is missing is fs.ErrNotExist", func(t *testing.T, fsys vfs.FS) {
		_, appending := fsys.Append("a")
		_, opening := fsys.Open("a")
		for i, err := range []error{appending, opening, fsys.Rename("a", "b"), fsys.Remove("a")} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("call %d: got %v, want %v", i, err, fs.ErrNotExist)
			}
		}
	}},
	{"names are plain", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "x")
		for _, name := range []string{"", ".", "..", "/a", "../a", "a/b", "a\x00"} {
			_, creating := fsys.Create(name)
			_, appending := fsys.Append(name)
			_, opening := fsys.Open(name)
			for i, err := range []error{
				creating, appending, opening, fsys.Remove(name), fsys.Rename("a", name),
				fsys.Rename(name, "a"), fsys.Symlink("a", name), fsys.Symlink(name, "b"),
			} {
				if !errors.Is(err, fs.ErrInvalid) {
					t.Errorf("%q, call %d: got %v, want %v", name, i, err, fs.ErrInvalid)
				}
			}
		}
	}},
	{"writes append", func(t *testing.T, fsys vfs.FS) {
		f := write(t, fsys, "a", "one ")
		put(t, f, "two ")
		check(t, f.Close())
		f = must[vfs.File](t)(fsys.Append("a"))
		put(t, f, "three")
		want(t, fsys, "a", "one two three")
		check(t, f.Truncate(4))
		put(t, f, "four")
		want(t, fsys, "a", "one four")
		check(t, f.Truncate(10))
		want(t, fsys, "a", "one four\x00\x00")
		check(t, f.Sync())
		check(t, fsys.Sync())
	}},
	{"reading ends in io.EOF", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "0123456789")
		f := must[vfs.ReadFile](t)(fsys.Open("a"))
		for _, c := range []struct {
			off, size int64
			want      string
			err       error
		}{{0, 10, "0123456789", nil}, {2, 3, "234", nil}, {8, 4, "89", io.EOF}, {10, 1, "", io.EOF}, {99, 1, "", io.EOF}} {
			b := make([]byte, c.size)
			n, err := f.ReadAt(b, c.off)
			if string(b[:n]) != c.want || err != c.err {
				t.Errorf("ReadAt(%d bytes, %d): got %q, %v, want %q, %v", c.size, c.off, b[:n], err, c.want, c.err)
			}
		}
		if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("ReadAt(-1): got nil")
		}
	}},
	{"open files are read only", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "x")
		f := must[vfs.ReadFile](t)(fsys.Open("a")).(vfs.File)
		if n, err := f.Write([]byte("y")); n != 0 || err == nil {
			t.Errorf("Write: got %d, %v", n, err)
		}
		if f.Truncate(0) == nil {
			t.Error("Truncate: got nil")
		}
		want(t, fsys, "a", "x")
	}},
	{"rename replaces", func(t *testing.T, fsys vfs.FS) {
		f := write(t, fsys, "a", "old")
		write(t, fsys, "b", "new")
		check(t, fsys.Rename("b", "a"))
		want(t, fsys, "a", "new")
		wantNames(t, fsys, "a")
		if got := content(t, f); got != "old" {
			t.Errorf("the replaced file: got %q, want %q", got, "old")
		}
		if f.Check(3) == nil {
			t.Error("Check of the replaced file: got nil")
		}
		check(t, fsys.Rename("a", "a"))
		want(t, fsys, "a", "new")
	}},
	{"removed files stay readable", func(t *testing.T, fsys vfs.FS) {
		f := write(t, fsys, "a", "old")
		check(t, fsys.Remove("a"))
		if got := content(t, f); got != "old" {
			t.Errorf("got %q, want %q", got, "old")
		}
		put(t, f, "er")
		if f.Check(5) == nil {
			t.Error("Check: got nil")
		}
		write(t, fsys, "a", "older")
		if f.Check(5) == nil {
			t.Error("Check beside another of that name: got nil")
		}
	}},
	{"check knows the size", func(t *testing.T, fsys vfs.FS) {
		f := write(t, fsys, "a", "abc")
		check(t, f.Check(3))
		if size := must[int64](t)(f.Size()); size != 3 {
			t.Errorf("Size: got %d, want 3", size)
		}
		put(t, must[vfs.File](t)(fsys.Append("a")), "d")
		err := f.Check(3)
		if err == nil || !strings.Contains(err.Error(), "4 bytes instead of 3") {
			t.Errorf("got %v", err)
		}
	}},
	{"symlinks are replaced, not followed, not listed", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "x")
		write(t, fsys, "b", "y")
		write(t, fsys, "taken", "z")
		for _, name := range []string{"link", "taken"} {
			check(t, fsys.Symlink("a", name))
			check(t, fsys.Symlink("b", name))
			_, opening := fsys.Open(name)
			_, appending := fsys.Append(name)
			if opening == nil || appending == nil {
				t.Errorf("opening %q: got %v, %v", name, opening, appending)
			}
		}
		wantNames(t, fsys, "a", "b")
		check(t, fsys.Rename("link", "other"))
		check(t, fsys.Remove("other"))
		want(t, fsys, "b", "y")
	}},
	{"size is what was written", func(t *testing.T, fsys vfs.FS) {
		write(t, fsys, "a", "four")
		if size, err := fsys.Size("a"); err != nil || size != 4 {
			t.Errorf("got %d, %v, want 4", size, err)
		}
		if _, err := fsys.Size("missing"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("of no file: got %v, want %v", err, fs.ErrNotExist)
		}
	}},
	{"list sorts", func(t *testing.T, fsys vfs.FS) {
		wantNames(t, fsys)
		for _, name := range []string{"b", "c", "a", "B"} {
			write(t, fsys, name, "")
		}
		wantNames(t, fsys, "B", "a", "b", "c")
	}},
	{"closed files refuse", func(t *testing.T, fsys vfs.FS) {
		f := write(t, fsys, "a", "x")
		check(t, f.Close())
		_, writing := f.Write([]byte("y"))
		_, reading := f.ReadAt(make([]byte, 1), 0)
		_, sizing := f.Size()
		for i, err := range []error{writing, reading, sizing, f.Sync(), f.Truncate(0), f.Check(1), f.Close()} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("call %d: got %v, want %v", i, err, fs.ErrClosed)
			}
		}
	}},
	{"free is at most the size", func(t *testing.T, fsys vfs.FS) {
		free, size, err := fsys.(interface {
			Free() (free, size int64, err error)
		}).Free()
		if err != nil || free <= 0 || free > size {
			t.Errorf("got %d of %d, %v", free, size, err)
		}
	}},
}

func TestContract(t *testing.T) {
	for _, c := range contract {
		t.Run(c.name, func(t *testing.T) {
			t.Run("memory", func(t *testing.T) { c.test(t, memfs.New()) })
			t.Run("folder", func(t *testing.T) {
				dir := must[*vfs.DirFS](t)(vfs.Dir(t.TempDir()))
				defer dir.Close()
				c.test(t, dir)
			})
		})
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file and leaves it open.
func write(t *testing.T, fsys vfs.FS, name, content string) vfs.File {
	t.Helper()
	f := must[vfs.File](t)(fsys.Create(name))
	put(t, f, content)
	return f
}

func put(t *testing.T, f vfs.File, text string) {
	t.Helper()
	if n, err := io.WriteString(f, text); n != len(text) || err != nil {
		t.Fatalf("Write(%d bytes): got %d, %v", len(text), n, err)
	}
}

func content(t *testing.T, f vfs.ReadFile) string {
	t.Helper()
	b := make([]byte, must[int64](t)(f.Size()))
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return string(b)
}

// read is the content of a file, and false if there is none.
func read(t *testing.T, fsys vfs.FS, name string) (string, bool) {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	check(t, err)
	defer f.Close()
	return content(t, f), true
}

func want(t *testing.T, fsys vfs.FS, name, want string) {
	t.Helper()
	if got, ok := read(t, fsys, name); got != want || !ok {
		t.Errorf("%s: got %q, %t, want %q", name, got, ok, want)
	}
}

func wantNames(t *testing.T, fsys vfs.FS, want ...string) {
	t.Helper()
	if got := must[[]string](t)(fsys.List()); !slices.Equal(got, want) {
		t.Errorf("List: got %q, want %q", got, want)
	}
}
