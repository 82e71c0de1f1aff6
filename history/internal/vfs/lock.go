package vfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// InUseError says that another process has the lock.
type InUseError struct {
	PID int // as in the lock file
}

func (e *InUseError) Error() string { return fmt.Sprintf("history is in use by process %d", e.PID) }

// Lockable is a folder that can be locked.
type Lockable interface {
	FS
	// Lock locks the folder until release. The error is an *InUseError if another
	// process has the lock.
	Lock() (release func() error, err error)
}

// Locked is a folder that no other process writes to. Only Lock makes one, and recovery
// and writers of segments require one.
type Locked struct {
	FS
	release func() error
}

// Lock locks a folder for this process, until Unlock or the end of the process.
func Lock(f Lockable) (*Locked, error) {
	release, err := f.Lock()
	if err != nil {
		return nil, err
	}
	return &Locked{f, release}, nil
}

// Unlock releases the lock. The folder must not be written to any more.
func (l *Locked) Unlock() error { return l.release() }

// Lock locks the folder for this process, until release or until the process ends in any
// way. The kernel holds the lock on the file `lock`, so that it is never stale and the
// file is never deleted. If another process has it, the error is an *InUseError.
func (d *DirFS) Lock() (release func() error, err error) {
	f, err := d.create("lock")
	if errors.Is(err, fs.ErrExist) {
		f, err = d.openFile("lock", "lock", os.O_RDWR|os.O_APPEND)
	}
	if err != nil {
		return nil, err
	}
	err = withFD(f.File, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = &InUseError{PID: owner(f)}
		f.Close() // nothing was written
		return nil, err
	}
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "lock", Path: f.Name(), Err: err}, f.Close())
	}
	// The process id is only for the message. It is not worth an error: sidehook
	// must start on a full disk, to make room.
	if f.Truncate(0) == nil {
		fmt.Fprintln(f, os.Getpid())
	}
	return func() error {
		// Closing is not enough while a child that was just forked has the
		// descriptor, too.
		unlock := withFD(f.File, func(fd int) error { return unix.Flock(fd, unix.LOCK_UN) })
		return errors.Join(unlock, f.Close())
	}, nil
}

// owner returns the process that has the lock. It writes its id just after it took the
// lock, so an empty file is read a second time.
func owner(f *dirFile) int {
	for range 20 {
		var text [20]byte
		n, _ := f.ReadAt(text[:], 0) // without an id, it is read again
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(text[:n]))); err == nil {
			return pid
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0
}
