package journal

import (
	"context"
	"errors"
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/vfs"
)

// accepting is a wish to have problems accepted.
type accepting struct {
	problems []history.Problem
	done     chan error
}

// Accept records problems of a check as known, durably on return.
func (j *Journal) Accept(ctx context.Context, problems []history.Problem) error {
	a := accepting{problems, make(chan error, 1)}
	select {
	case j.accepted <- a:
	case <-j.retention.Ended():
		return history.ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-a.done
}

// accept does what Accept wishes. Its error is a sync that failed, which is final.
func (j *Journal) accept(a accepting) error {
	size, err := files.AcceptDamage(j.fs, a.problems)
	switch {
	case err == nil:
		j.retention.Added(size)
		j.log.Info("accepted damage of the history as known", "places", len(a.problems))
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

// Accept records problems of a check as known, in a history that no process has
// open (*InUseError): the next check tells only of others. It changes nothing of
// the records. Where one has it open, that one does it: Journal.Accept.
func Accept(path string, problems []history.Problem) (err error) {
	dir, err := vfs.OpenDir(path)
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

// AcceptFS is Accept on a file system that nobody else writes to.
func AcceptFS(fsys vfs.FS, problems []history.Problem) error {
	_, err := files.AcceptDamage(fsys, problems)
	return err
}
