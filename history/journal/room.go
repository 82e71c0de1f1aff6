package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// diskSpace tells when the disk is too full to accept events. It stops ahead of the
// end, so that there is room left for the outcomes of what was accepted. But for
// ready it belongs to the writer of the events.
type diskSpace struct {
	fs    vfs.FS
	log   *slog.Logger
	quota *retention.Quota

	since time.Time // the disk is full; zero: it is not
	count int       // requests refused since
	last  atomic.Pointer[refusal]
}

// refusal is why the volume took no events last, and it has taken none since.
type refusal struct {
	at  time.Time
	err error
}

const (
	// refusalLasts is how long it is believed that the next request would be
	// refused as well. Longer might be for ever: whoever asks ahead of posting
	// posts nothing that would show otherwise.
	refusalLasts = 10 * time.Second
)

// check is ErrNoRoom, with what to do, if so many bytes are not to be written:
// history.max_size leaves none for them, or the volume.
func (r *diskSpace) check(bytes int64) error {
	if err := r.quota.Check(bytes); err != nil {
		return err
	}
	return r.volume(bytes)
}

// volume is ErrNoRoom if the volume leaves none for so many bytes. The file system
// is asked each time: others fill it, too, and to ask takes a thousandth of the
// sync that follows.
func (r *diskSpace) volume(bytes int64) error { return files.CheckReserve(r.fs, bytes) }

// ready says why the volume would take no more events. Some of that only a write
// can tell: a quota, or that there are no inodes.
func (r *diskSpace) ready() error {
	if x := r.last.Load(); x != nil && time.Since(x.at) < refusalLasts {
		return x.err
	}
	return r.volume(1)
}

// refused and accepted say once, in the log, that the disk is full, and that it
// is not any more.
func (r *diskSpace) refused(requests int, err error) {
	limited := r.quota.Refused()
	if !limited {
		r.last.Store(&refusal{time.Now(), noRoom(err)})
	}
	if r.count += requests; r.since.IsZero() {
		r.since = time.Now()
		if limited {
			r.log.Error("the history is full: events are refused until some of what waits has been delivered, or history.max_size is larger", "error", err)
		} else {
			r.log.Error("the disk is full: events are refused until there is room, deliveries go on; free space on the volume of history.dir, or make it larger", "error", err)
		}
	}
}

func (r *diskSpace) accepted() {
	if !r.since.IsZero() {
		r.log.Info("there is room again: events are accepted", "refused_requests", r.count, "after", time.Since(r.since).Round(time.Second))
		r.since, r.count = time.Time{}, 0
		r.last.Store(nil)
	}
}

// isNoRoom reports whether something was not written for want of room.
func isNoRoom(err error) bool {
	return errors.Is(err, segment.ErrNoRoom) || errors.Is(err, history.ErrNoRoom)
}

// noRoom makes ErrNoRoom of it.
func noRoom(err error) error {
	if errors.Is(err, history.ErrNoRoom) {
		return err
	}
	return fmt.Errorf("%w: %w", history.ErrNoRoom, err)
}
