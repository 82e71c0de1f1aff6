package history

import (
	"fmt"

	"sidehook/history/segment"
)

const (
	// At least reserveBytes stay free for outcomes, or reserveShare of a
	// volume of which that would be less.
	reserveBytes = 64 << 20
	reserveShare = 100
)

// reserved is ErrNoRoom if so many bytes would take from what is kept free on the
// volume. Events, and all that is only written beside them, ask it; outcomes and
// the cursors do not, as that is kept for them.
func reserved(fsys segment.FS, bytes int64) error {
	free, size, err := fsys.Free()
	if err != nil {
		return nil // the write itself will tell
	}
	reserve := min(reserveBytes, size/reserveShare)
	if free-reserve >= bytes {
		return nil
	}
	return fmt.Errorf("%w: %s of the volume are free, and %s are kept for the outcomes of deliveries",
		ErrNoRoom, mebibytes(free), mebibytes(reserve))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
