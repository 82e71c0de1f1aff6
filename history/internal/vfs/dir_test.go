package vfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

func openDir(t *testing.T, path string) *vfs.DirFS {
	t.Helper()
	d, err := vfs.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func create(t *testing.T, d *vfs.DirFS, name, content string) vfs.File {
	t.Helper()
	f, err := d.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDirModes(t *testing.T) {
	for _, umask := range []int{0, 0o077, 0o777} {
		t.Run(fmt.Sprintf("umask %03o", umask), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history")
			defer syscall.Umask(syscall.Umask(umask))
			d := openDir(t, path)
			create(t, d, "file", "x")
			if err := vfs.ReplaceFile(d, "state", []byte("x")); err != nil {
				t.Fatal(err)
			}
			release, err := d.Lock()
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			for name, want := range map[string]fs.FileMode{
				"": fs.ModeDir | 0o700, "file": 0o600, "state": 0o600, "lock": 0o600,
			} {
				info, err := os.Stat(filepath.Join(path, name))
				if err != nil {
					t.Fatal(err)
				}
				if info.Mode() != want {
					t.Errorf("%q: got %v, want %v", name, info.Mode(), want)
				}
			}
		})
	}
}

func TestDirOpens(t *testing.T) {
	base := t.TempDir()
	if err := errors.Join(
		os.WriteFile(filepath.Join(base, "file"), nil, 0o600),
		os.Mkdir(filepath.Join(base, "empty"), 0o755),
		os.Mkdir(filepath.Join(base, "full"), 0o750),
		os.WriteFile(filepath.Join(base, "full", "file"), nil, 0o600),
		os.Symlink("full", filepath.Join(base, "link")),
		os.Symlink("nowhere", filepath.Join(base, "dangling")),
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want error
		mode fs.FileMode
	}{
		{"new", nil, 0o700},
		{"empty", nil, 0o755},
		{"full", nil, 0o750},
		{"link", nil, 0o750},
		{"file", syscall.ENOTDIR, 0},
		{"file/below", syscall.ENOTDIR, 0},
		{"dangling", fs.ErrNotExist, 0},
		{"missing/below", fs.ErrNotExist, 0},
	} {
		path := filepath.Join(base, c.name)
		d, err := vfs.Dir(path)
		if !errors.Is(err, c.want) {
			t.Errorf("Dir(%q): got %v, want %v", c.name, err, c.want)
		}
		if err != nil {
			continue
		}
		d.Close()
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != c.mode {
			t.Errorf("Dir(%q): got %v, %v, want %v", c.name, info.Mode(), err, c.mode)
		}
	}
}

func TestDirLeavesFoldersAlone(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	create(t, d, "file", "x")
	if err := os.Mkdir(filepath.Join(path, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if d.Remove("folder") == nil {
		t.Error("Remove took a folder")
	}
	if d.Rename("file", "folder") == nil {
		t.Error("Rename took a folder's place")
	}
	if d.Symlink("file", "folder") == nil {
		t.Error("Symlink took a folder's place")
	}
	if names, err := d.List(); err != nil || !slices.Equal(names, []string{"file"}) {
		t.Errorf("List: got %q, %v, want the file alone", names, err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A file that is written must be the one that the next start finds.
func TestDirCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(folder, file string) error
		want string // empty: all is well
	}{
		{"nothing", func(string, string) error { return nil }, ""},
		{"a backup by hard links", func(_, file string) error { return os.Link(file, file+".bak") }, ""},
		{"deleted", func(_, file string) error { return os.Remove(file) }, "the file was deleted"},
		{"moved", func(_, file string) error { return os.Rename(file, file+".old") }, "the file was moved away"},
		{"replaced", func(_, file string) error {
			return errors.Join(os.Rename(file, file+".old"), os.WriteFile(file, []byte("text"), 0o600))
		}, "another file is in its place"},
		{"moved and linked to", func(_, file string) error {
			return errors.Join(os.Rename(file, file+".old"), os.Symlink(file+".old", file))
		}, "another file is in its place"},
		{"folder deleted", func(folder, _ string) error { return os.RemoveAll(folder) }, "the file was deleted"},
		{"folder moved", func(folder, _ string) error { return os.Rename(folder, folder+".old") }, "its folder was moved away"},
		{"folder replaced", func(folder, file string) error {
			return errors.Join(os.Rename(folder, folder+".old"), os.Mkdir(folder, 0o700), os.WriteFile(file, []byte("text"), 0o600))
		}, "another folder is in its place"},
		{"folder replaced by a file", func(folder, _ string) error {
			return errors.Join(os.Rename(folder, folder+".old"), os.WriteFile(folder, nil, 0o600))
		}, "another folder is in its place"},
		{"grown", func(_, file string) error {
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		}, "it has 8 bytes instead of 4"},
		{"cut", func(_, file string) error { return os.Truncate(file, 0) }, "it has 0 bytes instead of 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history")
			f := create(t, openDir(t, path), "file", "text")
			if err := f.Check(4); err != nil {
				t.Fatal(err)
			}
			if err := c.do(path, filepath.Join(path, "file")); err != nil {
				t.Fatal(err)
			}
			err := f.Check(4)
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, vfs.ErrModifiedExternally) || !strings.Contains(err.Error(), ": "+c.want+": ")) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// The locked folder is the one that is written, also after it was moved.
func TestDirStaysWithItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	d := openDir(t, path)
	if err := errors.Join(os.Rename(path, path+".old"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	f := create(t, d, "file", "x")
	if _, err := os.Stat(filepath.Join(path+".old", "file")); err != nil {
		t.Error(err)
	}
	if f.Check(1) == nil {
		t.Error("Check: got nil")
	}
}

func TestSymlinkClearsWhatACrashLeft(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	if err := os.Symlink("older", filepath.Join(path, "link.tmp")); err != nil {
		t.Fatal(err)
	}
	if err := d.Symlink("a", "link"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.Readlink(filepath.Join(path, "link")); got != "a" || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, "a")
	}
	if _, err := os.Lstat(filepath.Join(path, "link.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("link.tmp: got %v, want %v", err, fs.ErrNotExist)
	}
}

// TestFoldersInTheWay: a folder under a name that is to be ours is given another
// name, with what is in it.
func TestFoldersInTheWay(t *testing.T) {
	for _, name := range []string{"state", "state.tmp", "events.jsonl", "events.jsonl.tmp", "events-00000000000000000001.jsonl.torn"} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			d := openDir(t, path)
			locked, err := vfs.Lock(d)
			if err != nil {
				t.Fatal(err)
			}
			for i := 1; i <= 2; i++ { // again, when the name that it is given is taken
				if err := os.MkdirAll(filepath.Join(path, name, "theirs"), 0o700); err != nil {
					t.Fatal(err)
				}
				err := vfs.ReplaceFile(d, strings.TrimSuffix(name, ".tmp"), []byte("x"))
				if strings.HasPrefix(name, "events.jsonl") {
					_, err = segment.Recover(locked, segment.Events, segment.Options{})
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(filepath.Join(path, fmt.Sprintf("%s.aside%d", name, i), "theirs")); err != nil {
					t.Errorf("what was in it: %v", err)
				}
				if err := os.RemoveAll(filepath.Join(path, strings.TrimSuffix(name, ".tmp"))); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestRootGivesToTheOwner: what root makes in another's folder is that one's, or
// its owner could not read it.
func TestRootGivesToTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	path := t.TempDir()
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Skip("needs the right to give files away: ", err)
	}
	d := openDir(t, path)
	create(t, d, "made", "x")
	if err := vfs.ReplaceFile(d, "replaced", []byte("x")); err != nil {
		t.Fatal(err)
	}
	release, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, name := range []string{"made", "replaced", "lock"} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		if own := info.Sys().(*syscall.Stat_t); own.Uid != 12345 || own.Gid != 23456 || info.Mode() != 0o600 {
			t.Errorf("%s is %d:%d's, %v; want 12345:23456's, 0600", name, own.Uid, own.Gid, info.Mode())
		}
	}
}
