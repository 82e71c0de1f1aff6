package memfs

import (
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"sidehook/history/internal/vfs"
)

type file struct {
	fs       *FS
	name     string // when it was opened
	node     *node
	writable bool
	closed   bool
}

func (f *file) Write(b []byte) (n int, err error) {
	err = f.fs.run(call{
		kind: Write, name: f.name, file: f,
		short: func(bytes int) { b = b[:min(bytes, len(b))] },
		do: func() error {
			if !f.writable {
				return syscall.EBADF
			}
			n = f.room(len(b))
			f.node.write(b[:n])
			if n < len(b) {
				return syscall.ENOSPC
			}
			return nil
		},
	})
	return n, err
}

// room returns how many of want bytes the capacity allows to write.
func (f *file) room(want int) int {
	m := f.fs
	if m.capacity < 0 {
		return want
	}
	return int(min(int64(want), max(m.capacity-m.used(), 0)))
}

func (f *file) ReadAt(b []byte, off int64) (n int, err error) {
	err = f.fs.run(call{kind: Read, name: f.name, file: f, do: func() error {
		if off < 0 {
			return fs.ErrInvalid
		}
		if off < int64(len(f.node.data)) {
			n = copy(b, f.node.data[off:])
		}
		if n < len(b) {
			return io.EOF
		}
		return nil
	}})
	return n, err
}

// Sync covers what was written before the call, and nothing that is written while it
// runs.
func (f *file) Sync() error {
	var covered int
	return f.fs.run(call{
		kind: Sync, name: f.name, file: f,
		before: func() { covered = f.node.settled + len(f.node.edits) },
		do: func() error {
			f.node.settle(covered)
			return nil
		},
		failed: func() { f.node.lose(covered) },
	})
}

func (f *file) Truncate(size int64) error {
	return f.fs.run(call{kind: Truncate, name: f.name, file: f, do: func() error {
		switch {
		case !f.writable:
			return syscall.EBADF
		case size < 0:
			return fs.ErrInvalid
		}
		f.node.resize(int(size))
		return nil
	}})
}

// Size, Check and Close do not count as calls, and no fault hook is asked for them.

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("size"); err != nil {
		return 0, err
	}
	return int64(len(f.node.data)), nil
}

func (f *file) Check(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("check"); err != nil {
		return err
	}
	problem := ""
	switch named, ok := f.fs.names[f.name]; {
	case !ok:
		problem = "the file was deleted or moved away"
	case named != f.node:
		problem = "another file is in its place"
	case int64(len(f.node.data)) != size:
		problem = fmt.Sprintf("it has %d bytes instead of %d", len(f.node.data), size)
	default:
		return nil
	}
	return &fs.PathError{Op: "check", Path: f.name, Err: fmt.Errorf("%s: %w", problem, vfs.ErrModifiedExternally)}
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("close"); err != nil {
		return err
	}
	f.closed = true
	return nil
}

func (f *file) usable(op string) error {
	if err := f.fs.usable(call{file: f}); err != nil {
		return &fs.PathError{Op: op, Path: f.name, Err: err}
	}
	return nil
}
