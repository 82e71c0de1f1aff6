// Package vfs owns the calls on the one folder that a history is in: Dir is the
// folder of an operating system, and package memfs has one in memory that can
// lose its power. It promises what FS and File say of durability, and that a
// folder has one writer at a time (Lock).
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// ReadFS is one folder to read, and every name a plain name in it. Who has no more
// than a ReadFS cannot change a history. It is for concurrent use.
type ReadFS interface {
	// Open opens an existing file to read. It does not follow a symlink.
	Open(name string) (ReadFile, error)
	// Size is how many bytes a file has, also one that may not be read.
	Size(name string) (int64, error)
	// List is the names of the regular files, sorted.
	List() ([]string, error)
}

// FS is a ReadFS to write to. A file's content becomes durable by File.Sync, a name
// by FS.Sync, and neither does the other's work.
//
// Dir is the real one; package memfs has one that can lose its power.
type FS interface {
	ReadFS
	// Create makes a new file to append to and read. It is fs.ErrExist if
	// the name is taken.
	Create(name string) (File, error)
	// Append opens an existing file to append to and read. Neither follows a symlink.
	Append(name string) (File, error)
	// Rename gives a file another name, and takes that from the file that had it.
	Rename(from, to string) error
	// Remove takes a file's name away; what is open stays readable.
	Remove(name string) error
	// Symlink makes name point to target. It replaces what had the name: a
	// reader meets the old or the new, never nothing.
	Symlink(target, name string) error
	// Sync makes durable all that was done to names: the folder's fsync.
	Sync() error
	// Free says how many bytes of the volume may still be written, and how
	// many it has.
	Free() (free, size int64, err error)
}

// ReadFile is an open file to read. It is for concurrent use.
type ReadFile interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// File is a ReadFile to write to. Of the calls that change the file, only one may
// run at a time.
type File interface {
	ReadFile
	// Write appends. If it cannot write all of b it says how much it did.
	io.Writer
	// Sync returns once the content and the size are durable. After an error
	// the file must not be synced again: the next call may say that all is
	// well although the kernel dropped the pages.
	Sync() error
	Truncate(size int64) error
	// Check is nil while the file under its name is still this one, of exactly
	// this size. Otherwise the error says what was done to it, and is
	// ErrModifiedExternally: a file that was deleted still takes writes and syncs, and all
	// of it is for nothing.
	Check(size int64) error
}

// ErrModifiedExternally says that somebody else changed a file that is being written.
var ErrModifiedExternally = errors.New("somebody else did that, and what was in it may be lost; sidehook rotates and removes its files by itself, " +
	"so take history.dir out of logrotate and whatever else changes files there")

// ErrUnsynced says that a sync failed, of a file or of the folder. What became of
// the content or the names is not known, and no other sync will tell.
var ErrUnsynced = errors.New("not synced")

// ReplaceFile gives the file a new content so that a crash at any moment
// leaves the old one or the new one. It is durable on return. Whatever stood
// under name+".tmp" is gone afterwards, and a folder that had either name has
// another one; one caller a name at a time.
func ReplaceFile(fsys FS, name string, content []byte) error {
	beside := name + ".tmp"
	// A crash between the writing and the rename of an earlier call leaves one.
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

// Clear frees a name that is to be used. It removes a file; a folder, which is not
// ours, gets another name.
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

// Rename is FS.Rename for a file. A folder in its way gets another name.
func Rename(fsys FS, from, to string) error {
	err := fsys.Rename(from, to)
	if errors.Is(err, syscall.EISDIR) && moveAside(fsys, to) == nil {
		err = fsys.Rename(from, to)
	}
	return err
}

// Symlink is FS.Symlink. A folder in its way gets another name.
func Symlink(fsys FS, target, name string) error {
	err := fsys.Symlink(target, name)
	if errors.Is(err, syscall.EISDIR) && moveAside(fsys, name) == nil {
		err = fsys.Symlink(target, name)
	}
	return err
}

// moveAside gives a folder a name that is free.
func moveAside(fsys FS, name string) (err error) {
	for i := 1; i <= 100; i++ {
		if err = fsys.Rename(name, fmt.Sprintf("%s.aside%d", name, i)); err == nil {
			return nil
		}
	}
	return err
}

// writeFile makes a new file with a durable content; its name is not yet so.
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

// NoRoom reports whether err means that the disk, a quota or the limit on a
// file's size is full. That passes by itself; any other failure does not.
func NoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
