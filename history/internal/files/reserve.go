package files

import (
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/vfs"
)

const (
	// At least ReserveBytes stay free for outcomes, or a share of the volume if that
	// is less.
	ReserveBytes = 64 << 20
	ReserveShare = 100
)

// CheckReserve returns ErrNoRoom if so many bytes would use space that is kept free on
// the volume. It must be asked before events, indexes and the like are written, and not
// before outcomes and the checkpoint, for which the space is kept.
func CheckReserve(fsys vfs.FS, bytes int64) error {
	free, size, err := fsys.Free()
	if err != nil {
		return nil // the write itself will fail
	}
	reserve := min(ReserveBytes, size/ReserveShare)
	if free-reserve >= bytes {
		return nil
	}
	return fmt.Errorf("%w: %s of the volume are free, and %s are kept for the outcomes of deliveries",
		history.ErrNoRoom, Mebibytes(free), Mebibytes(reserve))
}

func Mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
