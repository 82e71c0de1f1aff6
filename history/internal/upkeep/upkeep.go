// Package upkeep builds the indexes of finished segments and compresses them, in
// the background. Nothing rests on its work: without indexes a query takes
// longer, and without compression the folder is larger. So it yields to all
// else: it rests longer than it works, writes nothing into the room that is kept
// for deliveries, and tries again later what fails.
//
// The journal runs an Indexer and a Compressor. Retention removes what they have
// written, together with the segment.
package upkeep

import (
	"context"
	"time"

	"sidehook/history/internal/files"
	"sidehook/history/internal/vfs"
)

// Space knows how much room the folder has.
type Space interface {
	// Spare returns history.ErrNoRoom if there is no room for so many bytes that are
	// not needed: an index, or a compressed copy.
	Spare(bytes int64) error
	// Short reports whether segments have to be removed, or events to be
	// refused, for want of room.
	Short() bool
	// Added must be called after the files have grown.
	Added(bytes int64)
}

// minSize is the size in bytes from which on a segment is worth an index and
// compression. A smaller one is read as fast without.
const minSize = 64 << 10

// rest waits. It returns early with an error once ctx is done.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// volume is the Space of a folder without a size limit.
type volume struct{ fs vfs.FS }

func (v volume) Spare(bytes int64) error { return files.CheckReserve(v.fs, bytes) }
func (v volume) Short() bool             { return v.Spare(0) != nil }
func (v volume) Added(int64)             {}
