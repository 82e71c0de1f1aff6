package retention

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
)

// sizes are the bytes of a history's files.
type sizes struct {
	total int64
	// of the segments of a stream by their first number, with the files beside them
	of      map[segment.Stream]map[uint64]int64
	unknown error // why some files are not counted
}

// Size returns how many bytes the files of the history have. Files that belong to
// somebody else, or whose size cannot be read, do not count.
func (k *Keeper) Size() (int64, error) {
	s, err := measure(k.FS)
	return s.total, err
}

// SegmentSizes returns the sizes of the segments of the events by their first seq,
// as they were last measured.
func (k *Keeper) SegmentSizes() map[uint64]int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.segmentSizes
}

func measure(fsys vfs.ReadFS) (sizes, error) {
	s := sizes{of: map[segment.Stream]map[uint64]int64{segment.Events: {}, segment.Deliveries: {}}}
	names, err := fsys.List()
	if err != nil {
		return s, err
	}
	for _, name := range names {
		of, first := s.owner(name)
		if of == nil && !isSideFile(name) {
			continue
		}
		size, err := fsys.Size(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed meanwhile
		}
		if err != nil {
			s.unknown = errors.Join(s.unknown, err)
			continue
		}
		if s.total += size; of != nil {
			of[first] += size
		}
	}
	return s, nil
}

// owner returns the segment that a file belongs to, nil if to none.
func (s *sizes) owner(name string) (of map[uint64]int64, first uint64) {
	for stream, of := range s.of {
		if first, ok := stream.Owner(name); ok {
			return of, first
		}
	}
	return nil, 0
}

// isSideFile reports whether a name is that of a file of which a history has one.
func isSideFile(name string) bool {
	return slices.Contains([]string{
		files.CheckpointFile, files.PreviousCheckpointFile, files.RemovedFile, files.RemovedDeliveriesFile, files.DamageFile, files.FormatFile, files.LockFile,
	}, strings.TrimSuffix(name, ".tmp"))
}
