package seekable

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Compress writes a text of that size to dst. It calls each after each frame, with the
// number of bytes written for it, and ends with its error if there is one.
func Compress(dst io.Writer, text io.ReaderAt, size int64, each func(written int) error) error {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(frameSize), zstd.WithEncoderCRC(true))
	if err != nil {
		return err
	}
	defer encoder.Close()
	var list []frame
	var packed []byte
	piece := make([]byte, frameSize)
	for at, off := int64(0), int64(0); off < size; {
		n, err := text.ReadAt(piece[:min(frameSize, size-off)], off)
		if int64(n) < min(frameSize, size-off) {
			return fmt.Errorf("read the text at byte %d: %w", off, unexpected(err))
		}
		if end := bytes.LastIndexByte(piece[:n], '\n'); end >= 0 && off+int64(n) < size {
			n = end + 1
		}
		packed = encoder.EncodeAll(piece[:n], packed[:0])
		if _, err := dst.Write(packed); err != nil {
			return err
		}
		list = append(list, frame{at, int64(len(packed)), off, int64(n)})
		at, off = at+int64(len(packed)), off+int64(n)
		if err := each(len(packed)); err != nil {
			return err
		}
	}
	_, err = dst.Write(appendTable(nil, list))
	return err
}

// unexpected returns the error of a read that got too little.
func unexpected(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
