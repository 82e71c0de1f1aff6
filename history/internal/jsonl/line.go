// Package jsonl owns the form of a record in a file: one JSON object a line,
// which ends in a checksum. It opens no file.
//
// A line is
//
//	{"KEY":NUMBER,"at":"TIME","batch":BATCH,FIELDS,"crc":"xxxxxxxx"}
//
// KEY, NUMBER, at and batch are the head; FIELDS are the caller's. The checksum
// is the CRC-32C of the bytes before `,"crc":`, in eight lower-case hex digits, so
// that a line is checked without parsing it.
package jsonl

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"strconv"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	crcMember = `,"crc":"`
	tailSize  = len(crcMember) + 8 + len(`"}`)
)

// TimeFormat is RFC 3339 in UTC with nanoseconds, always of one width.
const TimeFormat = "2006-01-02T15:04:05.000000000Z"

// AppendTime appends a time in UTC in TimeFormat. Package time appends the seconds of
// RFC 3339 several times faster than any other format.
func AppendTime(dst []byte, at time.Time) []byte {
	dst = at.UTC().AppendFormat(dst, time.RFC3339)
	dst[len(dst)-1] = '.' // it was the Z
	digits := [...]byte{9: 'Z'}
	for i, n := 8, at.Nanosecond(); i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, digits[:]...)
}

// Append appends one line with its line feed.
func Append(dst []byte, key string, number uint64, at time.Time, batch uint64, fields [][]byte) []byte {
	start := len(dst)
	dst = append(dst, '{', '"')
	dst = append(dst, key...)
	dst = append(dst, '"', ':')
	dst = strconv.AppendUint(dst, number, 10)
	dst = append(dst, `,"at":"`...)
	dst = AppendTime(dst, at)
	dst = append(dst, `","batch":`...)
	dst = strconv.AppendUint(dst, batch, 10)
	dst = append(dst, ',')
	for _, f := range fields {
		dst = append(dst, f...)
	}
	return appendChecksum(dst, start)
}

// AppendBare appends a record that was in no file, and so in no batch, with its
// checksum. It also returns the fields in it.
func AppendBare(dst []byte, key string, number uint64, at time.Time, fields []byte) (line, inside []byte) {
	start := len(dst)
	dst = append(dst, '{', '"')
	dst = append(dst, key...)
	dst = append(dst, '"', ':')
	dst = strconv.AppendUint(dst, number, 10)
	dst = append(dst, `,"at":"`...)
	dst = AppendTime(dst, at)
	dst = append(dst, '"', ',')
	begin := len(dst)
	dst = append(dst, fields...)
	end := len(dst)
	dst = appendChecksum(dst, start)
	return dst[:len(dst)-1], dst[begin:end:end]
}

// appendChecksum closes the JSON object that begins at start with its checksum.
func appendChecksum(dst []byte, start int) []byte {
	sum := crc32.Checksum(dst[start:], castagnoli)
	dst = append(dst, crcMember...)
	dst = hex.AppendEncode(dst, binary.BigEndian.AppendUint32(nil, sum))
	return append(dst, "\"}\n"...)
}

// AppendChecksum closes a JSON object that lacks only its end, as lines are closed,
// for the other files of a history that carry a checksum.
func AppendChecksum(open []byte) []byte { return appendChecksum(open, 0) }

// VerifyChecksum checks what AppendChecksum closed and returns it without its
// checksum.
func VerifyChecksum(line []byte) ([]byte, bool) {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	body, reason := checkSum(line)
	return line[:body:body], reason == ""
}

// ErrNotFound is the error if no line has the number.
var ErrNotFound = errors.New("no such record")

// Location is where a record is. It stays true as long as the segment exists.
type Location struct {
	Segment uint64 // the first number in its segment
	Offset  uint32 // of its first byte
	Length  uint32 // with its line feed
}

// End is the offset after the record.
func (l Location) End() int64 { return int64(l.Offset) + int64(l.Length) }

// Line is one record as it is in a segment.
type Line struct {
	Number   uint64
	Batch    uint64
	Location Location
	Raw      []byte // without the line feed; valid until the next read
	at       []byte
	fields   int
}

// Fields returns the caller's members, as they were given to Append.
func (l *Line) Fields() []byte { return l.Raw[l.fields : len(l.Raw)-tailSize] }

// At returns the record's time.
func (l *Line) At() time.Time {
	var t time.Time
	if err := t.UnmarshalText(l.at); err != nil {
		return time.Time{} // another head than ours: the checksum held, so it was written like that
	}
	return t
}

// Clone returns the record in memory of its own.
func (l *Line) Clone() Line {
	c := *l
	c.Raw = bytes.Clone(l.Raw)
	begin := bytes.Index(c.Raw, l.at) // of the head's time, which is its first string
	c.at = c.Raw[begin : begin+len(l.at)]
	return c
}

// Parse checks raw, a line without its line feed. The reason is "" for a record, and else
// says what is wrong with the line.
func Parse(key string, raw []byte) (line Line, reason string) {
	if _, reason := checkSum(raw); reason != "" {
		return line, reason
	}
	rest, ok := bytes.CutPrefix(raw, []byte(`{"`+key+`":`))
	if ok {
		line.Number, rest, ok = cutUint(rest)
	}
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte(`,"at":"`))
	}
	if ok {
		line.at, rest, ok = bytes.Cut(rest, []byte(`"`))
	}
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte(`,"batch":`))
	}
	if ok {
		line.Batch, rest, ok = cutUint(rest)
	}
	if !ok || len(rest) <= tailSize || rest[0] != ',' {
		return line, "it does not begin as a record of this stream"
	}
	line.Raw, line.fields = raw, len(raw)-len(rest)+1
	return line, ""
}

// checkSum returns where the checksum of raw begins, and why it does not hold.
func checkSum(raw []byte) (body int, reason string) {
	body = len(raw) - tailSize
	if body < 0 || string(raw[body:body+len(crcMember)]) != crcMember || string(raw[len(raw)-2:]) != `"}` {
		return 0, "it does not end in a checksum"
	}
	sum := uint32(0)
	for _, c := range raw[body+len(crcMember) : len(raw)-2] {
		switch {
		case '0' <= c && c <= '9':
			sum = sum<<4 | uint32(c-'0')
		case 'a' <= c && c <= 'f': // with upper case, a flipped bit of a digit's case would not be noticed
			sum = sum<<4 | uint32(c-'a'+10)
		default:
			return 0, "its checksum is not eight lower-case hex digits"
		}
	}
	if crc32.Checksum(raw[:body], castagnoli) != sum {
		return 0, "its checksum does not hold"
	}
	return body, ""
}

func cutUint(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 20 && '0' <= b[i] && b[i] <= '9' {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
