package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrChanged is wrapped by the error of Write where the file is not what was read.
var ErrChanged = errors.New("the file has changed since it was read")

// Write replaces the text of the file at path, which was before, with after: beside
// it, synced, and renamed over it, with its mode and owner. A symlink is followed.
// Edits of one file wait for each other. A file that has changed, or that is part
// of a Kubernetes ConfigMap or Secret, is left as it is.
func Write(path string, before, after []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if mounted(path) {
		return fmt.Errorf("%s belongs to a Kubernetes ConfigMap or Secret: change that, and the file follows", path)
	}
	folder, err := os.Open(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer folder.Close()
	// The lock is on the folder, since each edit replaces the file.
	if err := flock(folder); err != nil {
		return fmt.Errorf("lock %s: %w", folder.Name(), err)
	}
	now, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return fmt.Errorf("%s: %w: try again", path, ErrChanged)
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	temp, err := beside(target, info, after)
	if err != nil {
		return fmt.Errorf("write beside %s: %w", path, err)
	}
	if err := os.Rename(temp, target); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return folder.Sync()
}

// Create writes a file that is not there yet, with the mode and the owner of another one,
// and its folder if need be.
func Create(path string, text []byte, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if mounted(path) {
		return fmt.Errorf("%s belongs to a Kubernetes ConfigMap or Secret: change that, and the file follows", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := flock(folder); err != nil {
		return fmt.Errorf("lock %s: %w", folder.Name(), err)
	}
	temp, err := beside(path, info, text)
	if err != nil {
		return fmt.Errorf("write beside %s: %w", path, err)
	}
	err = os.Link(temp, path) // unlike a rename it replaces nothing
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s: %w: try again", path, ErrChanged)
	}
	return errors.Join(err, os.Remove(temp), folder.Sync())
}

// beside writes text to a new file beside target, synced, with the mode and the
// owner that info has, and returns its name.
func beside(target string, info fs.FileInfo, text []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && err == nil {
		err = f.Chown(int(owner.Uid), int(owner.Gid))
		if err != nil && int(owner.Uid) == os.Geteuid() {
			err = f.Chown(int(owner.Uid), -1) // its group is one that we are not in
		}
	}
	if err == nil {
		err = f.Chmod(info.Mode().Perm()) // after the owner, whose change takes bits away
	}
	if err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
}

// mounted reports whether path leads through the folder ..data, by which a kubelet
// swaps all files of a volume at once. The next swap undoes what is written there.
func mounted(path string) bool {
	for range 40 { // as many links as Linux follows
		if _, err := os.Lstat(filepath.Join(filepath.Dir(path), "..data")); err == nil {
			return true
		}
		link, err := os.Readlink(path)
		if err != nil {
			return false
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return false
}

// flock waits for the lock of an open folder. It ends with the file.
func flock(folder *os.File) error {
	conn, err := folder.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = conn.Control(func(fd uintptr) {
		for {
			if locked = syscall.Flock(int(fd), syscall.LOCK_EX); !errors.Is(locked, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, locked)
}

// Writable returns why Write cannot replace the file at path, or Create make it, nil if
// it should be able to.
func Writable(path string) error {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		target = path
	} else if err != nil {
		return err
	}
	if mounted(path) {
		return fmt.Errorf("%s belongs to a Kubernetes ConfigMap or Secret: change that, and the file follows", path)
	}
	folder, err := filepath.Abs(filepath.Dir(target))
	if err != nil {
		return err
	}
	for !exists(folder) {
		folder = filepath.Dir(folder) // the others would be made
	}
	if err := syscall.Access(folder, mayWrite); err != nil {
		return fmt.Errorf("the folder %s cannot be written: %w", folder, err)
	}
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() != 0 && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// mayWrite asks access(2) whether files can be made in a folder.
const mayWrite = 2 | 1
