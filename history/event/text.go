package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends s as a JSON string. Control characters, also those
// above ASCII, are escaped, so that it cannot control a terminal; bytes that are not
// UTF-8 become \ufffd.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := len(dst)
	dst = append(dst, s...)
	i := plain(dst[from:])
	if i == len(s) {
		return append(dst, '"')
	}
	dst = dst[:from+i]
	for i < len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(dst, `\ufffd`...)
			case r < 0xa0:
				dst = appendHex(dst, byte(r))
			default:
				dst = append(dst, s[i:i+size]...)
			}
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ' && c < 0x7f:
			dst = append(dst, c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		default:
			dst = appendHex(dst, c)
		}
		i++
	}
	return append(dst, '"')
}

func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// plain returns how many bytes at the start of b are printable ASCII other than the
// quote and the backslash. It looks at eight at a time, as stops does; here bytes above
// 0x7e count as well.
func plain(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		stop := (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones) | (w + ones) | w) & highs
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < 0x7f && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// Unquote decodes a JSON string as Raw and Members return it, and reports false for any
// other value. Half a surrogate pair becomes U+FFFD.
func Unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), true
	}
	return string(unescape(nil, raw)), true
}

// AppendUnquoted appends the text of a JSON string.
func AppendUnquoted(dst, raw []byte) []byte { return unescape(dst, raw[1:len(raw)-1]) }

// unescape appends the text of raw, the inside of a JSON string.
func unescape(dst, raw []byte) []byte {
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:n]...)
		r, size := char(raw[n:])
		dst = utf8.AppendRune(dst, r)
		raw = raw[n+size:]
	}
}

// char returns the first character of raw, the inside of a JSON string, and its size
// there. It returns half a surrogate pair as it is.
func char(raw []byte) (r rune, size int) {
	if raw[0] != '\\' || len(raw) < 2 {
		return utf8.DecodeRune(raw)
	}
	switch raw[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(raw) < 6 {
			return utf8.RuneError, len(raw)
		}
		r = hexRune(raw[2:6])
		if utf16.IsSurrogate(r) && len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
			if pair := utf16.DecodeRune(r, hexRune(raw[8:12])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return r, 6
	}
	return rune(raw[1]), 2
}

func hexRune(digits []byte) (r rune) {
	for _, c := range digits {
		r = r<<4 | rune(hexValue(c)&15)
	}
	return r
}

// hexValue returns -1 for a byte that is no hexadecimal digit.
func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
