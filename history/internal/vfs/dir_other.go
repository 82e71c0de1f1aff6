//go:build !linux

package vfs

import "os"

// fdatasync is a full sync on systems without that call. On macOS it is F_FULLFSYNC,
// because fsync there does not reach the disk.
func fdatasync(f *os.File) error { return f.Sync() }
