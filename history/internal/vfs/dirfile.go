package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

type dirFile struct {
	*os.File
	folder *ReadDir
}

func (f *dirFile) Sync() error { return fdatasync(f.File) }

func (f *dirFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *dirFile) Check(size int64) error {
	own, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(f.Name())
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	if err != nil && !gone {
		return err
	}
	problem := ""
	switch {
	case gone || !os.SameFile(own, named):
		problem = f.missingReason(own, gone)
	case own.Size() != size:
		problem = fmt.Sprintf("it has %d bytes instead of %d", own.Size(), size)
	default:
		return f.alive(size)
	}
	return &fs.PathError{Op: "check", Path: f.Name(), Err: fmt.Errorf("%s: %w", problem, ErrModifiedExternally)}
}

// alive reads a byte. A file system that is shut down during a sync may report that sync
// as a success although it lost the data, and still answers stat; but it refuses reads.
func (f *dirFile) alive(size int64) error {
	if size == 0 {
		return nil
	}
	_, err := f.ReadAt(make([]byte, 1), size-1)
	return err
}

// missingReason returns why the file is not found under its name.
func (f *dirFile) missingReason(own fs.FileInfo, gone bool) string {
	if own.Sys().(*syscall.Stat_t).Nlink == 0 {
		return "the file was deleted"
	}
	there, err := os.Stat(f.folder.path)
	if err != nil {
		return "its folder was moved away"
	}
	if folder, err := f.folder.dir.Stat(); err == nil && !os.SameFile(folder, there) {
		return "another folder is in its place"
	}
	if gone {
		return "the file was moved away"
	}
	return "another file is in its place"
}
