package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReadDir is a folder of the operating system, to read. All calls but File.Check use the
// folder that was opened, even if it is moved or replaced: so the folder that is locked
// is the one that is written. Check uses the path, and so notices.
type ReadDir struct {
	path string
	dir  *os.File
}

// DirFS is a ReadDir that can be written to.
type DirFS struct{ *ReadDir }

// Dir opens a folder to write to, and creates it if it is missing and its parent exists.
// It does not change the mode of an existing one.
func Dir(path string) (*DirFS, error) {
	err := os.Mkdir(path, 0o700)
	if err == nil {
		err = os.Chmod(path, 0o700) // the umask may have reduced it
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	d, err := OpenDir(path)
	if err != nil {
		return nil, err
	}
	if err := d.syncParent(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &DirFS{d}, nil
}

// ExistingDir opens an existing folder to write to.
func ExistingDir(path string) (*DirFS, error) {
	d, err := OpenDir(path)
	if err != nil {
		return nil, err
	}
	return &DirFS{d}, nil
}

// OpenDir opens an existing folder to read, and changes nothing. On a frozen volume even
// a change without effect would wait.
func OpenDir(path string) (*ReadDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &ReadDir{path: path, dir: dir}, nil
}

// syncParent makes the folder's own name durable. A process that was killed between
// creating the folder and syncing its parent leaves an empty folder, so it is done for
// an empty one.
func (d *ReadDir) syncParent() error {
	if _, err := d.dir.ReadDir(1); err != io.EOF {
		return err
	}
	// It opens the parent from the folder: the path may be a symlink to it.
	parent, err := d.open("open", "..", os.O_RDONLY)
	if errors.Is(err, fs.ErrPermission) {
		return nil // we may not read it, so somebody else created the folder
	}
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// Close closes the folder. Open files stay open.
func (d *ReadDir) Close() error { return d.dir.Close() }

func (d *DirFS) Create(name string) (File, error) { return d.create(name) }

func (d *DirFS) create(name string) (*dirFile, error) {
	f, err := d.openFile("create", name, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o600); err != nil {
		return nil, errors.Join(err, f.Close(), d.Remove(name))
	}
	d.giveToOwner(f)
	return f, nil
}

// giveToOwner changes the owner of a file that root has created to that of the folder,
// who must be able to read it. It does nothing if root may not do that.
func (d *DirFS) giveToOwner(f *dirFile) {
	if os.Geteuid() != 0 {
		return
	}
	if info, err := d.dir.Stat(); err == nil {
		if folder := info.Sys().(*syscall.Stat_t); folder.Uid != 0 {
			_ = f.Chown(int(folder.Uid), int(folder.Gid))
		}
	}
}

func (d *DirFS) Append(name string) (File, error) {
	f, err := d.openFile("append", name, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *ReadDir) Open(name string) (ReadFile, error) {
	f, err := d.openFile("open", name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *ReadDir) openFile(op, name string, flags int) (*dirFile, error) {
	if err := plainName(op, name); err != nil {
		return nil, err
	}
	f, err := d.open(op, name, flags)
	if err != nil {
		return nil, err
	}
	return &dirFile{File: f, folder: d}, nil
}

// open also accepts the names "." and "..". os.Root cannot be used: it follows a symlink
// that stays in the folder.
func (d *ReadDir) open(op, name string, flags int) (*os.File, error) {
	var fd int
	err := d.at(op, name, func(dir int) (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(d.path, name)), nil
}

func (d *DirFS) Rename(from, to string) error {
	if err := errors.Join(plainName("rename", from), plainName("rename", to)); err != nil {
		return err
	}
	return d.at("rename", from, func(dir int) error { return unix.Renameat(dir, from, dir, to) })
}

func (d *DirFS) Remove(name string) error {
	if err := plainName("remove", name); err != nil {
		return err
	}
	return d.at("remove", name, func(dir int) error { return unix.Unlinkat(dir, name, 0) })
}

// Symlink creates the link under another name and renames it, because no call replaces
// one. A crash in between leaves NAME.tmp, which the next call removes.
func (d *DirFS) Symlink(target, name string) error {
	if err := errors.Join(plainName("symlink", target), plainName("symlink", name)); err != nil {
		return err
	}
	beside := name + ".tmp"
	link := func(dir int) error { return unix.Symlinkat(target, dir, beside) }
	err := d.at("symlink", beside, link)
	if errors.Is(err, fs.ErrExist) {
		if err = Clear(d, beside); err == nil {
			err = d.at("symlink", beside, link)
		}
	}
	if err != nil {
		return err
	}
	if err := d.Rename(beside, name); err != nil {
		return errors.Join(err, d.Remove(beside))
	}
	return nil
}

func (d *ReadDir) Size(name string) (int64, error) {
	if err := plainName("size", name); err != nil {
		return 0, err
	}
	var st unix.Stat_t
	err := d.at("size", name, func(dir int) error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st.Size, err
}

func (d *ReadDir) List() ([]string, error) {
	dir, err := d.open("list", ".", os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer dir.Close() // it was only read
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (d *DirFS) Sync() error { return d.dir.Sync() }

// Free returns the bytes on the folder's volume that this user may still write, and the
// size of the volume.
func (d *DirFS) Free() (free, size int64, err error) {
	var st unix.Statfs_t
	err = d.at("statfs", ".", func(dir int) error { return unix.Fstatfs(dir, &st) })
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), err
}

// at makes a system call on the folder.
func (d *ReadDir) at(op, name string, call func(dir int) error) error {
	if err := withFD(d.dir, call); err != nil {
		return &fs.PathError{Op: op, Path: filepath.Join(d.path, name), Err: err}
	}
	return nil
}

// withFD makes a system call on a file that cannot be closed meanwhile. It repeats the
// call if a signal interrupts it.
func withFD(f *os.File, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for result = call(int(fd)); result == unix.EINTR; result = call(int(fd)) {
		}
	})
	if err != nil {
		return fs.ErrClosed // its only error
	}
	return result
}

func plainName(op, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}
