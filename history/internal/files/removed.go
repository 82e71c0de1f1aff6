package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
)

// The files that name what retention has removed, as ranges of seqs and of the numbers of
// deliveries. They are durable before the segments are removed, and are replaced only by a
// rename. A gap in the numbers that they do not name is damage.
const (
	RemovedFile           = "removed.json"
	RemovedDeliveriesFile = "removed-deliveries.json"
)

func RemovedFileOf(stream segment.Stream) string {
	if stream == segment.Deliveries {
		return RemovedDeliveriesFile
	}
	return RemovedFile
}

// LoadRemoved returns what retention has removed of a stream.
func LoadRemoved(fsys vfs.ReadFS, stream segment.Stream) (seqset.Set[uint64], error) {
	text, err := readFile(fsys, RemovedFileOf(stream))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list [][2]uint64
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read %s: %w", RemovedFileOf(stream), err)
	}
	var removed seqset.Set[uint64]
	for _, x := range list {
		if x[0] <= x[1] {
			removed.AddSpan(seqset.Span[uint64]{From: x[0], To: x[1]})
		}
	}
	return removed, nil
}

func SaveRemoved(fsys vfs.FS, stream segment.Stream, removed seqset.Set[uint64]) error {
	list := make([][2]uint64, len(removed))
	for i, s := range removed {
		list[i] = [2]uint64{s.From, s.To}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return vfs.ReplaceFile(fsys, RemovedFileOf(stream), append(text, '\n'))
}

// RemoveSegments removes the files of all segments that are in removed, but never those
// of the newest one. It returns how many files they were and their bytes.
func RemoveSegments(fsys vfs.FS, stream segment.Stream, removed seqset.Set[uint64]) (files int, bytes int64, err error) {
	names, err := fsys.List()
	if err != nil {
		return 0, 0, err
	}
	newest := uint64(0)
	for _, name := range names {
		if first, ok := stream.Owner(name); ok {
			newest = max(newest, first)
		}
	}
	for _, name := range names {
		first, ok := stream.Owner(name)
		if !ok || first == newest || !removed.Has(first) {
			continue
		}
		size, err := fsys.Size(name)
		if err == nil {
			err = fsys.Remove(name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, bytes, fmt.Errorf("remove %s: %w", name, err)
		}
		files++
		bytes += size
	}
	return files, bytes, nil
}
