package journal

import (
	"context"
	"errors"
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/vfs"
)

// acceptance is a request to accept problems.
type acceptance struct {
	problems []history.Problem
	done     chan error
}

// Accept records problems that a check found as known. They are durable on return.
func (j *Journal) Accept(ctx context.Context, problems []history.Problem) error {
	a := acceptance{problems, make(chan error, 1)}
	select {
	case j.accepted <- a:
	case <-j.retention.Ended():
		return history.ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-a.done
}

// accept does the work of Accept. Its error is a sync that failed, which is final.
func (j *Journal) accept(a acceptance) error {
	size, err := files.AcceptDamage(j.fs, a.problems)
	switch {
	case err == nil:
		j.retention.Added(size)
		j.log.Info("accepted damage of the history", "places", len(a.problems))
	case vfs.NoRoom(err) && !errors.Is(err, vfs.ErrUnsynced):
		err = fmt.Errorf("%w: %w", history.ErrNoRoom, err)
	}
	a.done <- err
	if errors.Is(err, vfs.ErrUnsynced) {
		return err
	}
	return nil
}

// InUseError says that another process has the history open.
type InUseError = vfs.InUseError

// Accept records problems that a check found as known, so that the next check
// reports only others. It changes no record. No process may have the history open
// (*InUseError); one that has calls Journal.Accept.
func Accept(path string, problems []history.Problem) (err error) {
	dir, err := vfs.ExistingDir(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	release, err := dir.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return AcceptFS(dir, problems)
}

// AcceptFS is Accept on a file system. No other process may write to it.
func AcceptFS(fsys vfs.FS, problems []history.Problem) error {
	_, err := files.AcceptDamage(fsys, problems)
	return err
}
