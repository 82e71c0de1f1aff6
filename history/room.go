package history

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sidehook/history/segment"
)

// room tells when the disk is too full to accept events. It stops ahead of the
// end, so that there is room left for the outcomes of what was accepted. It
// belongs to the writer of the events.
type room struct {
	fs        segment.FS
	log       *slog.Logger
	allowance *allowance

	left  int64     // may be written before it is asked again
	until time.Time // it is asked again at the latest
	since time.Time // the disk is full; zero: it is not
	count int       // requests refused since
}

const (
	// At least reserveBytes stay free for outcomes, or reserveShare of a
	// volume of which that would be less.
	reserveBytes = 64 << 20
	reserveShare = 100
	// freshFor is how long an answer of the file system is believed.
	freshFor = time.Second
)

// check is ErrNoRoom, with what to do, if so many bytes are not to be written:
// history.max_size leaves none for them, or the volume.
// It asks the file system once a second, or sooner when what it said is used up.
func (r *room) check(now time.Time, bytes int64) error {
	if err := r.allowance.check(bytes); err != nil {
		return err
	}
	if r.left -= bytes; r.left >= 0 && now.Before(r.until) {
		return nil
	}
	free, size, err := r.fs.Free()
	if err != nil {
		return nil // the write itself will tell
	}
	reserve := min(reserveBytes, size/reserveShare)
	r.left, r.until = free-reserve-bytes, now.Add(freshFor)
	if r.left >= 0 {
		return nil
	}
	return fmt.Errorf("%w: %d MiB of the volume are free, and %d MiB are kept for the outcomes of deliveries",
		ErrNoRoom, free>>20, reserve>>20)
}

// refused and accepted say once, in the log, that the disk is full, and that it
// is not any more.
func (r *room) refused(requests int, err error) {
	if r.count += requests; r.since.IsZero() {
		r.since = time.Now()
		if r.allowance.refused != nil {
			r.log.Error("the history is full: events are refused until some of what waits has been delivered, or history.max_size is larger", "error", err)
		} else {
			r.log.Error("the disk is full: events are refused until there is room, deliveries go on; free space on the volume of history.dir, or make it larger", "error", err)
		}
	}
	r.left = 0
}

func (r *room) accepted() {
	if !r.since.IsZero() {
		r.log.Info("there is room again: events are accepted", "refused_requests", r.count, "after", time.Since(r.since).Round(time.Second))
		r.since, r.count = time.Time{}, 0
	}
}

// isNoRoom says whether something was not written for want of room.
func isNoRoom(err error) bool {
	return errors.Is(err, segment.ErrNoRoom) || errors.Is(err, ErrNoRoom)
}
