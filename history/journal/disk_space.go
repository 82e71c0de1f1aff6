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
	"sidehook/history/trouble"
)

// diskSpace reports whether there is room for events. It refuses them before the disk is
// full, so that there is room left for the outcomes of accepted ones. It belongs to the
// writer of the events, except refusal.
type diskSpace struct {
	fs    vfs.FS
	log   *slog.Logger
	quota *retention.Quota

	trouble trouble.Trouble
	refused atomic.Pointer[spaceRefusal]
}

// spaceRefusal is why the volume refused events; it has accepted none since.
type spaceRefusal struct {
	at  time.Time
	err error
}

// refusalLasts is how long it is believed that the next request would be refused
// as well. It must end: a sender that asks whether it may post would otherwise
// never post, and nothing else finds out that there is room.
const refusalLasts = 10 * time.Second

// check returns ErrNoRoom if history.max_size or the volume has no room for so many
// bytes. It asks the file system each time, because others use it, too; compared
// with a sync that takes no time.
func (s *diskSpace) check(bytes int64) error {
	if err := s.quota.Check(bytes); err != nil {
		return err
	}
	return files.CheckReserve(s.fs, bytes)
}

// refusal returns why the volume takes no events, nil if it does. Some reasons are
// known from a failed write only, such as a quota.
func (s *diskSpace) refusal() error {
	if r := s.refused.Load(); r != nil && time.Since(r.at) < refusalLasts {
		return r.err
	}
	return files.CheckReserve(s.fs, 1)
}

// refuse notes that events were refused.
func (s *diskSpace) refuse(err error) {
	message := "the history is full: events are refused until pending ones are delivered; or make history.max_size larger"
	if !s.quota.Refused() {
		s.refused.Store(&spaceRefusal{time.Now(), noRoom(err)})
		message = "the disk is full: events are refused, deliveries go on; free space on the volume of history.dir, or make it larger"
	}
	s.trouble.Met(s.log, message, err)
}

// accept notes that events were written.
func (s *diskSpace) accept() {
	if s.refused.Load() != nil {
		s.refused.Store(nil)
	}
	s.trouble.Over(s.log, "there is room again: events are accepted")
}

// isNoRoom reports whether something was not written for want of room.
func isNoRoom(err error) bool {
	return errors.Is(err, segment.ErrNoRoom) || errors.Is(err, history.ErrNoRoom)
}

// noRoom returns the ErrNoRoom of an error.
func noRoom(err error) error {
	if errors.Is(err, history.ErrNoRoom) {
		return err
	}
	return fmt.Errorf("%w: %w", history.ErrNoRoom, err)
}
