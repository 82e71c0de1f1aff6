package seekable

import (
	"encoding/binary"
	"fmt"
	"io"
	"sort"
)

// Reader reads the text of a compressed file. It is for concurrent use.
type Reader struct {
	file   io.ReaderAt
	cache  *Cache
	frames []frame
	size   int64
	table  string        // what is wrong with the seek table
	flaws  map[int]*flaw // of frames, as they were found; the cache's lock guards it
}

// flaw is what is wrong with a frame.
type flaw struct {
	why  string
	lost int64 // of its text, from here on
}

// Flaw is a place of the file that is not what was written.
type Flaw struct {
	Offset int64 // in the file
	Why    string
}

// tailGuess is how much is read at first, which is all of most seek tables.
const tailGuess = 8 << 10

// Open finds the frames of a file of that size. It fails only if reading fails: a
// damaged file opens, and its damage is reported where it is read.
func Open(file io.ReaderAt, size int64, cache *Cache) (*Reader, error) {
	r := &Reader{file: file, cache: cache, flaws: map[int]*flaw{}}
	found, err := r.seekTable(size)
	if err == nil && !found {
		err = r.walk(size)
	}
	if err != nil {
		return nil, err
	}
	if n := len(r.frames); n > 0 {
		r.size = r.frames[n-1].text + r.frames[n-1].size
	}
	return r, nil
}

// seekTable reads the frames from the table at the end, if its checksum holds.
func (r *Reader) seekTable(size int64) (found bool, err error) {
	tail := make([]byte, min(size, tailGuess))
	if err := readFull(r.file, tail, size-int64(len(tail))); err != nil {
		return false, err
	}
	if len(tail) < footLen || binary.LittleEndian.Uint32(tail[len(tail)-4:]) != footMagic {
		return false, nil
	}
	length := tableLen(int64(binary.LittleEndian.Uint32(tail[len(tail)-footLen:])))
	if length > size || length > maxText {
		return false, nil
	}
	if length > int64(len(tail)) {
		tail = make([]byte, length)
		if err := readFull(r.file, tail, size-length); err != nil {
			return false, err
		}
	}
	r.frames, found = parseTable(tail[int64(len(tail))-length:], size)
	return found, nil
}

// Size is the length of the text.
func (r *Reader) Size() int64 { return r.size }

// ReadAt reads the text.
func (r *Reader) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read at byte %d", off)
	}
	i := sort.Search(len(r.frames), func(i int) bool { return r.frames[i].text+r.frames[i].size > off })
	for ; n < len(b) && i < len(r.frames); i++ {
		took, err := r.cache.read(r, i, b[n:], off+int64(n)-r.frames[i].text)
		if n += took; err != nil {
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Lost returns why a part of the text, from one offset to another, is not what was
// compressed, as far as it was read; "" if it is.
func (r *Reader) Lost(from, to int64) string {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	for i, f := range r.flaws {
		if end := r.frames[i].text + r.frames[i].size; from < end && r.frames[i].text+f.lost < to && f.lost < r.frames[i].size {
			return f.why
		}
	}
	return ""
}

// Flaws returns the places of the file that were found so far not to be what was
// written, whether or not some of the text is lost by it.
func (r *Reader) Flaws() (list []Flaw) {
	if r.table != "" {
		list = append(list, Flaw{0, r.table})
	}
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	for i, f := range r.flaws {
		list = append(list, Flaw{r.frames[i].at, f.why})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Offset < list[j].Offset })
	return list
}

func readFull(file io.ReaderAt, b []byte, off int64) error {
	if n, err := file.ReadAt(b, off); n < len(b) {
		return unexpected(err)
	}
	return nil
}
