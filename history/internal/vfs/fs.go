// Package vfs owns the calls on the folder of a history: Dir is a folder of the operating
// system, and package memfs has one in memory that can lose its power. It promises the
// durability that FS and File describe, and that a folder has one writer at a time
// (Lock).
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// ReadFS is one folder to read. Every name is a plain name in it. Code that has only a
// ReadFS cannot change a history. It is for concurrent use.
type ReadFS interface {
	// Open opens an existing file to read. It does not follow a symlink.
	Open(name string) (ReadFile, error)
	// Size returns the size of a file in bytes, also of one that may not be read.
	Size(name string) (int64, error)
	// List returns the names of the regular files, sorted.
	List() ([]string, error)
}

// FS is a ReadFS that can be written to. File.Sync makes the content of a file durable,
// and FS.Sync the names; neither does the other.
//
// Dir is the real one; package memfs has one that can lose its power.
type FS interface {
	ReadFS
	// Create creates a file to append to and read. The error is fs.ErrExist if the
	// name exists.
	Create(name string) (File, error)
	// Append opens an existing file to append to and read. Neither follows a symlink.
	Append(name string) (File, error)
	// Rename renames a file, and replaces the file that had the new name.
	Rename(from, to string) error
	// Remove removes a file; it stays readable where it is open.
	Remove(name string) error
	// Symlink makes name point to target. It replaces what had the name: a reader
	// finds the old one or the new one, never nothing.
	Symlink(target, name string) error
	// Sync makes all changes of names durable: the folder's fsync.
	Sync() error
	// Free returns how many bytes of the volume may still be written, and its
	// size.
	Free() (free, size int64, err error)
}

// ReadFile is an open file to read. It is for concurrent use.
type ReadFile interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// File is a ReadFile that can be written to. Only one call that changes the file may run
// at a time.
type File interface {
	ReadFile
	// Write appends. If it cannot write all of b, it returns how much it wrote.
	io.Writer
	// Sync returns once the content and the size are durable. After an error the file
	// must not be synced again: the next call may report success although the kernel
	// has dropped the pages.
	Sync() error
	Truncate(size int64) error
	// Check returns nil while the file under its name is still this one, of exactly
	// this size. Otherwise the error is ErrModifiedExternally, and says what was done
	// to it: writes and syncs to a deleted file succeed, and are lost.
	Check(size int64) error
}

// ErrModifiedExternally is the error if somebody else changed a file that is being written.
var ErrModifiedExternally = errors.New("another program did that, and the lines in it may be lost; sidehook rotates and removes its files itself: " +
	"exclude history.dir from logrotate and from other programs that change files")

// ErrUnsynced is the error if a sync of a file or of the folder failed. It is unknown what
// is durable, and no other sync will show it.
var ErrUnsynced = errors.New("not synced")

// ReplaceFile replaces the content of a file, so that a crash at any moment leaves the old
// one or the new one. It is durable on return. It removes a file name+".tmp", and renames
// a folder that has either name. Only one call for a name may run at a time.
func ReplaceFile(fsys FS, name string, content []byte) error {
	beside := name + ".tmp"
	// A crash during an earlier call may have left one.
	if err := Clear(fsys, beside); err != nil {
		return fmt.Errorf("replace %q: %w", name, err)
	}
	err := writeFile(fsys, beside, content)
	if err == nil {
		// The content is durable before the name can point to it, or a power
		// cut could leave the name with an empty file.
		err = Rename(fsys, beside, name)
	}
	if err != nil {
		if left := fsys.Remove(beside); left != nil && !errors.Is(left, fs.ErrNotExist) {
			err = errors.Join(err, left)
		}
		return fmt.Errorf("replace %q: %w", name, err)
	}
	if err := fsys.Sync(); err != nil {
		return fmt.Errorf("replace %q: %w: %w", name, ErrUnsynced, err)
	}
	return nil
}

// Clear frees a name. It removes a file, and renames a folder, which is not ours.
func Clear(fsys FS, name string) error {
	err := fsys.Remove(name)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.EPERM): // of Linux, and of POSIX
		if moveAside(fsys, name) == nil {
			return nil
		}
	}
	return err
}

// Create is FS.Create. It renames a folder or a symlink that has the name.
func Create(fsys FS, name string) (File, error) {
	f, err := fsys.Create(name)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if names, listed := fsys.List(); listed != nil || slices.Contains(names, name) || moveAside(fsys, name) != nil {
		return nil, err
	}
	return fsys.Create(name)
}

// Rename is FS.Rename for a file. It renames a folder that has the new name.
func Rename(fsys FS, from, to string) error {
	err := fsys.Rename(from, to)
	if errors.Is(err, syscall.EISDIR) && moveAside(fsys, to) == nil {
		err = fsys.Rename(from, to)
	}
	return err
}

// Symlink is FS.Symlink. It renames a folder that has the name.
func Symlink(fsys FS, target, name string) error {
	err := fsys.Symlink(target, name)
	if errors.Is(err, syscall.EISDIR) && moveAside(fsys, name) == nil {
		err = fsys.Symlink(target, name)
	}
	return err
}

// moveAside renames a folder or a symlink to a name that is free.
func moveAside(fsys FS, name string) (err error) {
	for i := 1; i <= 100; i++ {
		if err = fsys.Rename(name, fmt.Sprintf("%s.aside%d", name, i)); err == nil {
			return nil
		}
	}
	return err
}

// writeFile creates a file and makes its content durable, but not yet its name.
func writeFile(fsys FS, name string, content []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(ErrUnsynced, err, f.Close())
	}
	return f.Close()
}

// NoDescriptors reports whether err means that this process or this machine can have no
// more files open. Nothing was done, and it may pass.
func NoDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// NoRoom reports whether err means that the disk is full, or a quota or the limit
// on a file's size is reached. That may pass; any other failure of a write does not.
func NoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
