//go:build !linux

package vfs

import "os"

// fdatasync does more than its name where there is none; on macOS it is
// F_FULLFSYNC, as its fsync does not reach the disk.
func fdatasync(f *os.File) error { return f.Sync() }
