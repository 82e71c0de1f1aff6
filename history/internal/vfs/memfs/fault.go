package memfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// Kind is what a call does.
type Kind string

// The kinds of calls that count and can fail. Open is FS.Append too; the
// others are named as in vfs.FS and vfs.File.
const (
	Create   Kind = "create"
	Open     Kind = "open"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	Symlink  Kind = "symlink"
	List     Kind = "list"
	SyncDir  Kind = "syncdir"
	Write    Kind = "write"
	Read     Kind = "read"
	Sync     Kind = "sync"
	Truncate Kind = "truncate"
)

// Op is one call, just before it is carried out.
type Op struct {
	Kind  Kind
	Name  string // of the file; of Rename, the old one
	N     int    // its place among the calls of its kind, from 1
	Total int    // its place among all calls, from 1
}

func (o Op) String() string { return fmt.Sprintf("call %d, %s %d %q", o.Total, o.Kind, o.N, o.Name) }

// ErrDown is what every call gives once the FS was crashed or killed.
var ErrDown = errors.New("the machine is down")

// SetFault has hook asked before each call. If it returns an error the call
// fails with it, and nothing of it is done, unless the error was made by Done
// or Short. The hook may block, which makes the call a slow one, and may run
// at the same time for several calls. A nil hook asks no more.
func (m *FS) SetFault(hook func(Op) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

// At is a hook by which the call of that place among all fails, alone.
func At(total int, err error) func(Op) error {
	return func(op Op) error {
		if op.Total == total {
			return err
		}
		return nil
	}
}

// From is a hook by which that call and all after it fail.
func From(total int, err error) func(Op) error {
	return func(op Op) error {
		if op.Total >= total {
			return err
		}
		return nil
	}
}

// Done has a call carried out and fail all the same.
func Done(err error) error { return &partly{err: err, bytes: math.MaxInt} }

// Short has a write do so many bytes and fail. Any other call is not done.
func Short(bytes int, err error) error { return &partly{err: err, bytes: bytes} }

type partly struct {
	err   error
	bytes int
}

func (p *partly) Error() string { return p.err.Error() }

// Ops is how many calls there were of these kinds, or of all if none is given.
func (m *FS) Ops(kinds ...Kind) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ops(kinds...)
}

func (m *FS) ops(kinds ...Kind) (n int) {
	if len(kinds) == 0 {
		return m.total
	}
	for _, kind := range kinds {
		n += m.counts[kind]
	}
	return n
}

// call is one call on the way through run. Its functions run under the lock.
type call struct {
	kind   Kind
	name   string
	file   *file           // nil for a call on the folder
	before func()          // when the call comes in
	do     func() error    // carries it out
	short  func(bytes int) // makes do less; nil if it cannot
	failed func()          // what a call that is not done still does
}

// run counts a call, asks the hook outside the lock, and carries it out.
func (m *FS) run(c call) error {
	err := m.carryOut(c)
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: string(c.kind), Path: c.name, Err: err}
}

func (m *FS) carryOut(c call) error {
	injected, err := m.enter(c)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		err = m.usable(c) // the power may have gone while the hook had it
	}
	if err != nil {
		return err
	}
	if injected == nil {
		return c.do()
	}
	var part *partly
	if !errors.As(injected, &part) {
		part = &partly{err: injected, bytes: -1}
	}
	switch {
	case part.bytes == math.MaxInt:
		err = c.do()
	case part.bytes >= 0 && c.short != nil:
		c.short(part.bytes)
		err = c.do()
	case c.failed != nil:
		c.failed()
	}
	if err != nil {
		return err
	}
	return part.err
}

// enter says what the hook thinks of a call.
func (m *FS) enter(c call) (injected, err error) {
	m.mu.Lock()
	if err := m.usable(c); err != nil {
		m.mu.Unlock()
		return nil, err
	}
	m.counts[c.kind]++
	m.total++
	op := Op{c.kind, c.name, m.counts[c.kind], m.ops()}
	if c.before != nil {
		c.before()
	}
	hook := m.hook
	m.mu.Unlock()
	if hook == nil {
		return nil, nil
	}
	return hook(op), nil
}

func (m *FS) usable(c call) error {
	switch {
	case m.down:
		return ErrDown
	case c.file != nil && c.file.closed:
		return fs.ErrClosed
	case c.file == nil && c.kind != List && c.kind != SyncDir && !plain(c.name):
		return fs.ErrInvalid
	}
	return nil
}
