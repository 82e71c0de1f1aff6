package history

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"iter"
	"math/bits"
	"strconv"
)

// Members returns the members of a record whose checksum held: compact JSON that this
// package wrote, or a newer version of it. It allocates nothing, so that a start can
// read a million records a second.
func Members(fields []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for len(fields) > 2 && fields[0] == '"' {
			end := bytes.IndexByte(fields[1:], '"') + 1
			if end == 0 || end+1 >= len(fields) || fields[end+1] != ':' {
				return
			}
			name := fields[1:end]
			value := fields[end+2:]
			n := valueLen(value)
			if !yield(name, value[:n]) {
				return
			}
			fields = bytes.TrimPrefix(value[n:], []byte{','})
		}
	}
}

// valueLen returns the length of the JSON value that b begins with.
func valueLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringLen(b[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 && i+1 < len(b) && b[i+1] == ',' {
			return i + 1
		}
	}
	return len(b)
}

// stringLen returns the length of the JSON string that b begins with, with its quotes.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		// Eight bytes at a time, because most strings are short. The lowest high bit is
		// right; those above it may not be.
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			quotes, slashes := w^ones*'"', w^ones*'\\'
			found := ((quotes-ones)&^quotes | (slashes-ones)&^slashes) & (ones << 7)
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		switch {
		case i == len(b):
		case b[i] == '"':
			return i + 1
		case b[i] == '\\':
			i++ // and what it escapes
		}
	}
	return len(b)
}

const ones = 0x0101010101010101

// text decodes a JSON string.
func text(raw []byte) string {
	if len(raw) >= 2 && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// Number decodes a JSON number without sign and fraction. Anything else is 0.
func Number(raw []byte) uint64 {
	n, _ := strconv.ParseUint(string(raw), 10, 64)
	return n
}

// Inside returns the members of an object, without the braces.
func Inside(object []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimPrefix(object, []byte{'{'}), []byte{'}'})
}
