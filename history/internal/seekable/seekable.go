// Package seekable owns the compressed form of a text: a file of Zstandard frames
// that any zstd tool reads, and in which an offset of the text is found without
// reading what comes before it.
//
// A file is
//
//	a frame for each piece of at most frameSize bytes of the text, which ends
//	where a line does, unless a line is longer than that; each with its own
//	checksum and length, and readable without any other
//	a skippable frame (0x184D2A50) with the CRC-32C of the one that follows
//	a skippable frame (0x184D2A5E): the seek table of zstd's seekable format,
//	with the lengths of each frame, compressed and not
//
// It promises to return the text as it was, byte for byte, or to report where it does
// not. A damaged frame does not affect the others. As much of it is read as possible,
// although its checksum does not hold, because lines have checksums of their own. The
// rest reads as zeros up to the line feed at its end, so that every offset after it
// stays true. Without a valid seek table, as in a file that zstd itself made, the frames
// are found one by one.
//
// Package segment writes and reads such files for finished segments.
package seekable

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	// frameSize is how much of the text a frame has at most. It is small, so that a
	// single line costs little to read, and large enough to compress well.
	frameSize = 256 << 10
	// maxText bounds the text of a frame that another program wrote, and so the
	// memory that a damaged file can ask for.
	maxText = 256 << 20
	// maxTotal bounds a text: offsets have 32 bits.
	maxTotal = 1<<32 - 1

	sumMagic  = 0x184D2A50
	seekMagic = 0x184D2A5E
	footMagic = 0x8F92EAB1

	sumLen   = 12 // the frame of the checksum
	headLen  = 8  // of a skippable frame
	entryLen = 8
	footLen  = 9
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is where a piece of the text is.
type frame struct {
	at     int64 // in the file
	length int64 // there
	text   int64 // its offset in the text
	size   int64 // there
}

// appendTable appends what comes after the frames.
func appendTable(dst []byte, list []frame) []byte {
	var table []byte
	table = binary.LittleEndian.AppendUint32(table, seekMagic)
	table = binary.LittleEndian.AppendUint32(table, uint32(entryLen*len(list)+footLen))
	for _, f := range list {
		table = binary.LittleEndian.AppendUint32(table, uint32(f.length))
		table = binary.LittleEndian.AppendUint32(table, uint32(f.size))
	}
	table = binary.LittleEndian.AppendUint32(table, uint32(len(list)))
	table = append(table, 0) // no checksums in it: the frames have theirs
	table = binary.LittleEndian.AppendUint32(table, footMagic)

	dst = binary.LittleEndian.AppendUint32(dst, sumMagic)
	dst = binary.LittleEndian.AppendUint32(dst, 4)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(table, castagnoli))
	return append(dst, table...)
}

// tableLen returns the length of what comes after so many frames.
func tableLen(frames int64) int64 { return sumLen + headLen + entryLen*frames + footLen }

// parseTable reads what comes after the frames of a file of that size. It reports false
// if that is not valid.
func parseTable(end []byte, size int64) (list []frame, ok bool) {
	if binary.LittleEndian.Uint32(end) != sumMagic || binary.LittleEndian.Uint32(end[4:]) != 4 ||
		binary.LittleEndian.Uint32(end[headLen:]) != crc32.Checksum(end[sumLen:], castagnoli) {
		return nil, false
	}
	entries := end[sumLen+headLen : len(end)-footLen]
	var at, text int64
	for ; len(entries) > 0; entries = entries[entryLen:] {
		f := frame{at, int64(binary.LittleEndian.Uint32(entries)), text, int64(binary.LittleEndian.Uint32(entries[4:]))}
		if f.size == 0 || f.size > maxText {
			return nil, false
		}
		list = append(list, f)
		at, text = at+f.length, text+f.size
	}
	return list, at+int64(len(end)) == size && text <= maxTotal
}
