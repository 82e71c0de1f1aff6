package memfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// Kind is the kind of a call.
type Kind string

// The kinds of calls that count and can fail. Open is also FS.Append; the others have
// the names of vfs.FS and vfs.File.
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
	N     int    // its number among the calls of its kind, from 1
	Total int    // its number among all calls, from 1
}

func (o Op) String() string { return fmt.Sprintf("call %d, %s %d %q", o.Total, o.Kind, o.N, o.Name) }

// ErrDown is the error of every call after a crash or a kill.
var ErrDown = errors.New("the machine is down")

// SetFault sets a hook that is called before each call. If it returns an error, the call
// fails with it and does nothing, unless the error is from Done or Short. The hook may
// block, which makes the call slow, and may run for several calls at once. nil removes
// it.
func (m *FS) SetFault(hook func(Op) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

// At returns a hook that makes only the call with that number among all fail.
func At(total int, err error) func(Op) error {
	return func(op Op) error {
		if op.Total == total {
			return err
		}
		return nil
	}
}

// From returns a hook that makes that call and all after it fail.
func From(total int, err error) func(Op) error {
	return func(op Op) error {
		if op.Total >= total {
			return err
		}
		return nil
	}
}

// Done returns an error by which a call is carried out and then fails.
func Done(err error) error { return &partly{err: err, bytes: math.MaxInt} }

// Short returns an error by which a write writes so many bytes and then fails. Any other
// call does nothing.
func Short(bytes int, err error) error { return &partly{err: err, bytes: bytes} }

type partly struct {
	err   error
	bytes int
}

func (p *partly) Error() string { return p.err.Error() }

// Ops returns how many calls there were of these kinds, or of all if none is given.
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

// call is one call, for run. Its functions run under the lock.
type call struct {
	kind   Kind
	name   string
	file   *file           // nil for a call on the folder
	before func()          // when the call comes in
	do     func() error    // carries it out
	short  func(bytes int) // makes do write less; nil if it cannot
	failed func()          // what a call does that is not carried out
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
		err = m.usable(c) // the power may have been cut during the hook
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

// enter counts a call and returns what the hook returns for it.
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
