// Package memfs is a file system in memory for tests: one folder that can lose power, be
// killed, fail at any call and run full.
//
// It owns the model of what a crash leaves of data that was not synced, and is as harsh
// as real file systems are. Content and names become durable separately. Of unsynced
// content a crash may leave nothing, a part, or a size with pages of zeros in it.
// Unsynced names survive in order, up to any point. After a failed sync the next one
// reports success although the content is lost. What was synced survives every crash.
//
// It replaces vfs.Dir in tests and is for concurrent use.
package memfs

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"

	"sidehook/history/internal/vfs"
)

// FS is the folder of one run of a process. Crash and Kill end the run and return the FS
// of the next one.
type FS struct {
	mu       sync.Mutex
	down     bool
	names    map[string]*node // as seen
	durable  map[string]*node // as of the last sync
	changes  []change         // from durable to names, in order
	settled  int              // how many changes came before them
	capacity int64            // -1: no limit
	hook     func(Op) error
	counts   map[Kind]int
	total    int // of counts
}

var _ vfs.Lockable = (*FS)(nil)

// change is one change of names: from names nothing any more, and to names node. An empty
// name is none.
type change struct {
	from, to string
	node     *node
}

func (c change) apply(names map[string]*node) {
	delete(names, c.from)
	if c.to != "" {
		names[c.to] = c.node
	}
}

// New returns an empty folder without limits.
func New() *FS {
	return &FS{
		names:    map[string]*node{},
		durable:  map[string]*node{},
		capacity: -1,
		counts:   map[Kind]int{},
	}
}

// SetCapacity bounds the bytes of all files together. A larger
// write writes as much as it can and fails with ENOSPC. A negative number removes the
// limit.
func (m *FS) SetCapacity(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capacity = bytes
}

// unlimited is the size in bytes that a folder without a capacity reports.
const unlimited = 1 << 40

// Free returns the bytes that are left, and the capacity.
func (m *FS) Free() (free, size int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return 0, 0, ErrDown
	}
	size = m.capacity
	if size < 0 {
		size = unlimited
	}
	return max(size-m.used(), 0), size, nil
}

func (m *FS) used() (bytes int64) {
	for _, n := range m.names {
		bytes += int64(len(n.data))
	}
	return bytes
}

func (m *FS) do(c change) {
	c.apply(m.names)
	m.changes = append(m.changes, c)
}

// Lock never fails: a test has one process at a time, which Kill or Crash ends.
func (m *FS) Lock() (release func() error, err error) {
	return func() error { return nil }, nil
}

// Locked returns the folder, locked.
func (m *FS) Locked() *vfs.Locked {
	locked, err := vfs.Lock(m)
	if err != nil {
		panic(err) // Lock never fails
	}
	return locked
}

func (m *FS) Create(name string) (vfs.File, error) {
	f := &file{fs: m, name: name, node: &node{}, writable: true}
	err := m.run(call{kind: Create, name: name, do: func() error {
		if _, taken := m.names[name]; taken {
			return fs.ErrExist
		}
		m.do(change{to: name, node: f.node})
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (m *FS) Append(name string) (vfs.File, error) {
	f := &file{fs: m, name: name, writable: true}
	if err := m.open(f); err != nil {
		return nil, err
	}
	return f, nil
}

func (m *FS) Open(name string) (vfs.ReadFile, error) {
	f := &file{fs: m, name: name}
	if err := m.open(f); err != nil {
		return nil, err
	}
	return f, nil
}

func (m *FS) open(f *file) error {
	return m.run(call{kind: Open, name: f.name, do: func() error {
		n, err := m.lookup(f.name)
		if err == nil && n.target != "" {
			err = syscall.ELOOP
		}
		f.node = n
		return err
	}})
}

func (m *FS) lookup(name string) (*node, error) {
	n, ok := m.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return n, nil
}

func (m *FS) Rename(from, to string) error {
	return m.run(call{kind: Rename, name: from, do: func() error {
		if !plain(to) {
			return fs.ErrInvalid
		}
		n, err := m.lookup(from)
		if err != nil {
			return err
		}
		m.do(change{from: from, to: to, node: n})
		return nil
	}})
}

func (m *FS) Remove(name string) error {
	return m.run(call{kind: Remove, name: name, do: func() error {
		if _, err := m.lookup(name); err != nil {
			return err
		}
		m.do(change{from: name})
		return nil
	}})
}

func (m *FS) Symlink(target, name string) error {
	return m.run(call{kind: Symlink, name: name, do: func() error {
		if !plain(target) {
			return fs.ErrInvalid
		}
		m.do(change{to: name, node: &node{target: target}})
		return nil
	}})
}

// Readlink returns the target of a symlink.
func (m *FS) Readlink(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return "", ErrDown
	}
	n, err := m.lookup(name)
	if err != nil {
		return "", err
	}
	if n.target == "" {
		return "", syscall.EINVAL
	}
	return n.target, nil
}

// Size does not count as a call and never fails, as file.Size.
func (m *FS) Size(name string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return 0, ErrDown
	}
	n, err := m.lookup(name)
	if err != nil {
		return 0, &fs.PathError{Op: "size", Path: name, Err: err}
	}
	return int64(len(n.data)), nil
}

func (m *FS) List() ([]string, error) {
	var names []string
	err := m.run(call{kind: List, do: func() error {
		for _, name := range slices.Sorted(maps.Keys(m.names)) {
			if m.names[name].target == "" {
				names = append(names, name)
			}
		}
		return nil
	}})
	return names, err
}

// Sync covers what was done before the call, and nothing that is done while it runs.
func (m *FS) Sync() error {
	var covered int
	return m.run(call{
		kind:   SyncDir,
		before: func() { covered = m.settled + len(m.changes) },
		do: func() error {
			for ; m.settled < covered; m.settled++ {
				m.changes[0].apply(m.durable)
				m.changes = m.changes[1:]
			}
			return nil
		},
	})
}

func plain(name string) bool {
	return fs.ValidPath(name) && name != "." && !strings.ContainsAny(name, "/\x00")
}
