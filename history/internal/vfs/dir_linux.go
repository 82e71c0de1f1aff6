package vfs

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// fdatasync does not sync the file's times, which nobody reads. That saves a write to the
// file system's journal.
func fdatasync(f *os.File) error {
	if err := withFD(f, unix.Fdatasync); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}
