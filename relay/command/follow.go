package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// tail reads the lines that are written to the deliveries from now on, over as
// many segments as they take. The history need not be there yet.
type tail struct {
	dir     string
	name    string   // of the segment being read; "" before there is one
	file    *os.File // of it
	ends    bool     // a newer segment is there: this one gets no more lines
	unready []byte   // read and not yet returned
}

// followEvery is how often the files are looked at.
const followEvery = 200 * time.Millisecond

// tailDeliveries begins at the line that is being written now.
func tailDeliveries(dir string) (*tail, error) {
	t := &tail{dir: dir}
	names, err := t.segments()
	if err != nil || len(names) == 0 {
		return t, err
	}
	if err := t.open(names[len(names)-1]); err != nil {
		return nil, err
	}
	end, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("follow the history: %w", err)
	}
	// A line may be half written. Its beginning is sought backwards.
	block := make([]byte, 64<<10)
	for end > 0 {
		begin := max(0, end-int64(len(block)))
		n, err := t.file.ReadAt(block[:end-begin], begin)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("follow the history: %w", err)
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			end = begin + int64(i) + 1
			break
		}
		end = begin
	}
	_, err = t.file.Seek(end, io.SeekStart)
	return t, err
}

// Close closes what is open.
func (t *tail) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// segments are the names of the segments, in order.
func (t *tail) segments() ([]string, error) {
	names, err := filepath.Glob(filepath.Join(t.dir, "deliveries-*.jsonl"))
	slices.Sort(names)
	return names, err
}

func (t *tail) open(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("follow the history: %w", err)
	}
	err = t.Close()
	t.name, t.file, t.ends, t.unready = name, file, false, nil
	return err
}

// next waits for the next line and returns it without its checksum.
func (t *tail) next(ctx context.Context) ([]byte, error) {
	for {
		if line, rest, ok := bytes.Cut(t.unready, []byte{'\n'}); ok {
			t.unready = rest
			return bare(line), nil
		}
		more, err := t.read()
		if err != nil {
			return nil, err
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(followEvery):
		}
	}
}

// read takes in what has been written, and goes over to the next segment at the
// end of this one. It is false if there is nothing new.
func (t *tail) read() (bool, error) {
	if t.file != nil {
		block := make([]byte, 64<<10)
		n, err := t.file.Read(block)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, fmt.Errorf("follow the history: %w", err)
		}
		if n > 0 {
			t.unready = append(t.unready, block[:n]...)
			return true, nil
		}
	}
	names, err := t.segments()
	if err != nil {
		return false, err
	}
	i, _ := slices.BinarySearch(names, t.name+"\x00")
	if i == len(names) {
		return false, nil
	}
	if t.file == nil || t.ends {
		err := t.open(names[i])
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it has just been removed: what is next is looked up again
		}
		return true, err
	}
	// Lines may have come between the last look and the new segment.
	t.ends = true
	return true, nil
}

// bare is a line without its checksum.
func bare(line []byte) []byte {
	i := bytes.LastIndex(line, []byte(`,"crc":"`))
	if i < 0 {
		return line
	}
	return append(bytes.Clone(line[:i]), '}')
}
