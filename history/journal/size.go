package journal

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
	// of the segments of a stream by their first number, with what stands
	// beside them
	of      map[segment.Stream]map[uint64]int64
	unknown error // of files that are not counted
}

// Size is how many bytes the files of the history have, all of them. A file
// in the folder that is somebody else's does not count, nor does one whose size
// cannot be told.
func (j *Journal) Size() (int64, error) {
	s, err := measure(j.fs)
	return s.total, err
}

// measure counts files that may not be read, too.
func measure(fsys vfs.FS) (sizes, error) {
	s := sizes{of: map[segment.Stream]map[uint64]int64{segment.Events: {}, segment.Deliveries: {}}}
	names, err := fsys.List()
	if err != nil {
		return s, err
	}
	for _, name := range names {
		of, first := s.owner(name)
		if of == nil && !single(name) {
			continue
		}
		size, err := fsys.Size(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has gone since
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

// owner is the segment that a file belongs to, nil if to none.
func (s *sizes) owner(name string) (map[uint64]int64, uint64) {
	for stream, of := range s.of {
		if first, ok := stream.Owner(name); ok {
			return of, first
		}
	}
	return nil, 0
}

// single reports whether a file of this name is one of the history's that there is
// one of.
func single(name string) bool {
	return slices.Contains([]string{
		files.CheckpointFile, files.PreviousCheckpointFile, files.RemovedFile, files.RemovedDeliveriesFile, files.DamageFile, files.FormatFile, files.LockFile,
	}, strings.TrimSuffix(name, ".tmp"))
}
