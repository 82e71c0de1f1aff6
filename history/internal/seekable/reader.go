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
	table  string        // why the seek table is damaged, or ""
	flaws  map[int]*flaw // by frame, as far as found; guarded by the lock of the cache
}

// flaw is the damage of a frame.
type flaw struct {
	why  string
	lost int64 // its text is lost from this offset on
}

// Flaw is a place where the file is damaged.
type Flaw struct {
	Offset int64 // in the file
	Why    string
}

// tailGuess is how much is read at first: most seek tables are smaller.
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

// Lost returns why some of the text between two offsets is lost, or "". It knows only the
// parts that were read.
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

// Flaws returns the damaged places that were found so far, also those that cost no text.
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
