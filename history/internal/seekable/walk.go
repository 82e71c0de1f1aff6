package seekable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// walk finds the frames one by one, by the lengths of their blocks. If it meets a frame
// that it cannot read, an empty line takes the place of the rest, whose length is not known.
func (r *Reader) walk(size int64) error {
	var at, text int64
	r.frames = nil
	for at < size {
		if size-at == tableLen(int64(len(r.frames))) {
			damaged, err := r.tableAt(at, size)
			if err != nil {
				return err
			}
			if damaged {
				r.table = "the seek table at its end is damaged; it is read without"
				return nil
			}
		}
		f, err := r.next(at, size, text)
		var bad *badFrame
		if errors.As(err, &bad) {
			r.flaws[len(r.frames)] = &flaw{why: fmt.Sprintf("the compressed file cannot be read from byte %d on: %s", at, bad.why)}
			r.frames = append(r.frames, frame{at, 0, text, 1})
			return nil
		}
		if err != nil {
			return err
		}
		if f.size > 0 {
			r.frames = append(r.frames, f)
		}
		at, text = at+f.length, text+f.size
	}
	return nil
}

// tableAt reports whether the rest of the file is a seek table with a wrong checksum. The
// caller has found the right length, so one intact end of it is enough.
func (r *Reader) tableAt(at, size int64) (bool, error) {
	var begin, end [4]byte
	if err := readFull(r.file, begin[:], at); err != nil {
		return false, err
	}
	if err := readFull(r.file, end[:], size-4); err != nil {
		return false, err
	}
	return binary.LittleEndian.Uint32(begin[:]) == sumMagic || binary.LittleEndian.Uint32(end[:]) == footMagic, nil
}

// badFrame is the error for a frame that is not valid.
type badFrame struct{ why string }

func (b *badFrame) Error() string { return b.why }

// next returns the frame that begins at a byte of the file. A skippable one has no text.
func (r *Reader) next(at, size, text int64) (f frame, err error) {
	var head zstd.Header
	start := make([]byte, min(zstd.HeaderMaxSize, size-at))
	if err := readFull(r.file, start, at); err != nil {
		return f, err
	}
	if err := head.Decode(start); err != nil {
		return f, &badFrame{"no frame begins there"}
	}
	f = frame{at: at, text: text}
	if head.Skippable {
		f.length = headLen + int64(head.SkippableSize)
	} else if f.length, err = r.length(at, size, &head); err != nil {
		return f, err
	}
	if at+f.length > size {
		return f, &badFrame{"the file ends within a frame"}
	}
	if head.Skippable {
		return f, nil
	}
	if f.size = int64(head.FrameContentSize); !head.HasFCS {
		if f.size, err = r.cache.measure(r, f); err != nil {
			return f, err
		}
	}
	if f.size < 0 || f.size > maxText || text+f.size > maxTotal {
		return f, &badFrame{fmt.Sprintf("a frame has more than %d bytes of text", maxText)}
	}
	return f, nil
}

// length returns the length of a frame in the file.
func (r *Reader) length(at, size int64, head *zstd.Header) (int64, error) {
	const (
		blockHead = 3
		repeated  = 1 // one byte, repeated
		reserved  = 3
	)
	end := at + int64(head.HeaderSize)
	for {
		var b [blockHead]byte
		if end+blockHead > size {
			return 0, &badFrame{"the file ends within a frame"}
		}
		if err := readFull(r.file, b[:], end); err != nil {
			return 0, err
		}
		v := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16
		length := v >> 3
		switch v >> 1 & 3 {
		case repeated:
			length = 1
		case reserved:
			return 0, &badFrame{"a block of no known kind"}
		}
		if end += blockHead + length; v&1 == 1 {
			break
		}
	}
	if head.HasCheckSum {
		end += 4
	}
	return end - at, nil
}

// measure returns the length of the text of a frame that does not record it. It
// decompresses the frame.
func (c *Cache) measure(r *Reader, f frame) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	section := io.NewSectionReader(r.file, f.at, f.length)
	d, err := zstd.NewReader(section, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	n, err := io.Copy(io.Discard, d)
	if err != nil {
		return 0, &badFrame{err.Error()}
	}
	return n, nil
}
