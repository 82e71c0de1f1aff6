package files

import (
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/vfs"
)

const (
	// At least reserveBytes stay free for outcomes, or reserveShare of a
	// volume of which that would be less.
	ReserveBytes = 64 << 20
	ReserveShare = 100
)

// CheckReserve is ErrNoRoom if so many bytes would take from what is kept free on the
// volume. Events, and all that is only written beside them, ask it; outcomes and
// the cursors do not, as that is kept for them.
func CheckReserve(fsys vfs.FS, bytes int64) error {
	free, size, err := fsys.Free()
	if err != nil {
		return nil // the write itself will tell
	}
	reserve := min(ReserveBytes, size/ReserveShare)
	if free-reserve >= bytes {
		return nil
	}
	return fmt.Errorf("%w: %s of the volume are free, and %s are kept for the outcomes of deliveries",
		history.ErrNoRoom, Mebibytes(free), Mebibytes(reserve))
}

func Mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
