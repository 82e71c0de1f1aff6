package seekable

import (
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Cache keeps the text of the frames that were read last. Readers share it. It decompresses
// one frame at a time, so that its memory does not grow with the number of readers. The
// zero value works.
type Cache struct {
	mu     sync.Mutex
	strict *zstd.Decoder // made when it is first needed
	lax    *zstd.Decoder // ignores checksums
	packed []byte
	kept   []piece // the one used last is at the end
	bytes  int
}

type piece struct {
	of    *Reader
	frame int
	text  []byte
}

// cacheSize bounds the bytes of text that are kept, unless a single frame is larger.
const cacheSize = 8 * frameSize

// read copies from an offset of a frame's text.
func (c *Cache) read(r *Reader, i int, b []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := c.text(r, i)
	if err != nil {
		return 0, err
	}
	return copy(b, text[off:]), nil
}

func (c *Cache) text(r *Reader, i int) ([]byte, error) {
	at := slices.IndexFunc(c.kept, func(p piece) bool { return p.of == r && p.frame == i })
	if at >= 0 {
		p := c.kept[at]
		c.kept = append(slices.Delete(c.kept, at, at+1), p)
		return p.text, nil
	}
	text, err := c.decompress(r, i, c.room(int(r.frames[i].size)))
	if err != nil {
		return nil, err
	}
	c.kept = append(c.kept, piece{r, i, text})
	c.bytes += cap(text)
	return text, nil
}

// room returns memory for a text of that size. It drops the frames that were not used for
// longest, and reuses their memory.
func (c *Cache) room(size int) (free []byte) {
	for len(c.kept) > 0 && c.bytes+size > cacheSize {
		free = c.kept[0].text
		c.bytes -= cap(free)
		c.kept = slices.Delete(c.kept, 0, 1)
	}
	if cap(free) < size || cap(free) > frameSize {
		free = make([]byte, 0, max(size, min(frameSize, 2*size)))
	}
	return free[:0]
}

// decompress reads a frame. If a part of it cannot be read, zeros and a line feed take its
// place, and the frame is added to the reader's flaws.
func (c *Cache) decompress(r *Reader, i int, text []byte) ([]byte, error) {
	f := r.frames[i]
	if f.length == 0 { // walk could not read it
		return append(text, '\n'), nil
	}
	if err := c.ready(); err != nil {
		return nil, err
	}
	c.packed = slices.Grow(c.packed[:0], int(f.length))[:f.length]
	defer func() {
		if cap(c.packed) > 2*frameSize {
			c.packed = nil
		}
	}()
	if err := readFull(r.file, c.packed, f.at); err != nil {
		return nil, err
	}
	limited := text[:0:f.size]
	got, err := c.strict.DecodeAll(c.packed, limited)
	if err == nil && int64(len(got)) == f.size {
		return text[:f.size], nil
	}
	if err == nil {
		err = fmt.Errorf("it has %d bytes of text instead of %d", len(got), f.size)
	}
	got, _ = c.lax.DecodeAll(c.packed, limited) // the error is known: strict has found it
	all := text[:f.size]
	lost := int64(copy(all, got))
	if clear(all[lost:]); lost < f.size {
		all[f.size-1] = '\n'
	}
	r.flaws[i] = &flaw{fmt.Sprintf("the frame at byte %d of the compressed file is damaged: %s", f.at, err), lost}
	return all, nil
}

func (c *Cache) ready() (err error) {
	if c.lax != nil {
		return nil
	}
	opts := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxText),
	}
	if c.strict, err = zstd.NewReader(nil, opts...); err != nil {
		return err
	}
	c.lax, err = zstd.NewReader(nil, append(opts, zstd.IgnoreChecksum(true))...)
	return err
}
