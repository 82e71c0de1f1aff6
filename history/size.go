package history

import (
	"errors"
	"io/fs"
)

// Size is how many bytes the files of the folder have, all of them.
func (j *Journal) Size() (int64, error) {
	names, err := j.fs.List()
	if err != nil {
		return 0, err
	}
	var total int64
	for _, name := range names {
		size, err := j.sizeOf(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has gone since
		}
		if err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}

func (j *Journal) sizeOf(name string) (int64, error) {
	file, err := j.fs.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.Size()
}
