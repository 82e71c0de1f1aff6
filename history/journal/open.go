package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"syscall"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/dedupe"
	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
)

// Open opens the history in a folder, after whatever crash, and creates the folder
// if need be. It locks it: *InUseError if another process has it open.
func Open(path string, opts Options) (*Journal, error) {
	dir, err := vfs.Dir(path)
	if err != nil {
		return nil, withAdvice(err)
	}
	j, err := OpenFS(dir, opts)
	var inUse *InUseError
	if errors.As(err, &inUse) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return j, err
}

// withAdvice adds what to do about a folder that cannot be opened or written to.
func withAdvice(err error) error {
	todo := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		todo = "create its parent folder"
	case errors.Is(err, syscall.ENOTDIR):
		todo = "a file is in the way; move it"
	case errors.Is(err, fs.ErrPermission):
		todo = "let the user that sidehook runs as write there"
	case errors.Is(err, syscall.EROFS):
		todo = "mount its volume for writing"
	default:
		return err
	}
	return fmt.Errorf("%w; %s, or change history.dir", err, todo)
}

// OpenFS is Open on a file system.
func OpenFS(unlocked vfs.Lockable, opts Options) (_ *Journal, err error) {
	fsys, err := vfs.Lock(unlocked)
	if err != nil {
		return nil, withAdvice(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, fsys.Unlock())
		}
	}()
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if err := files.CheckFormat(fsys); err != nil {
		return nil, err
	}
	if opts.Committed == nil {
		opts.Committed = func(int, time.Duration) {}
	}
	if opts.Recorded == nil {
		opts.Recorded = func(history.Recorded) {}
	}
	if opts.Low == nil {
		opts.Low = func(int, int64, int64) {}
	}
	j := &Journal{
		fs: fsys, log: opts.Log, clock: clock.New(opts.Wall, opts.Log),
		identify: dedupe.NewIdentifier(),
		accepted: make(chan acceptance), bulkBatch: bulkBatch,
	}
	j.queues = queue.NewSet(queue.Options{
		Book: book{j}, Ledger: ledger{j}, Clock: j.clock, Log: j.log, Recorded: opts.Recorded, Bodies: opts.Bodies, LeastBody: opts.LeastBody,
	})
	j.retention = retention.New(retention.Options{
		FS: fsys, Log: j.log, Pending: references{j}, Ledger: references{j}, Low: opts.Low, Damaged: j.reportCorruption,
	})
	if err := j.retention.Recover(); err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	r := &recovery{Journal: j, opts: opts}
	if err := r.run(); err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return j, nil
}
