package vfs

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// fdatasync leaves out the file's times, which no one reads, and spares the
// write to the file system's own journal that they would cost.
func fdatasync(f *os.File) error {
	if err := withFD(f, unix.Fdatasync); err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}
