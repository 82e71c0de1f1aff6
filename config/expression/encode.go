package expression

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// encode appends a value as JSON without white space of its own.
func (r *run) encode(dst []byte, v any) []byte {
	before := len(dst)
	switch v := v.(type) {
	case nil:
		dst = append(dst, "null"...)
	case bool:
		dst = strconv.AppendBool(dst, v)
	case int:
		dst = strconv.AppendInt(dst, int64(v), 10)
	case float64:
		dst = appendFloat(dst, v)
	case number:
		dst = append(dst, v...)
	case string:
		r.make(len(v))
		return appendText(dst, v)
	case time.Time:
		dst = appendText(dst, v.Format(time.RFC3339Nano))
	case time.Duration:
		dst = appendText(dst, v.String())
	case *array:
		if v.raw != nil {
			dst = append(dst, v.raw...) // X2
			break
		}
		r.enter()
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.encode(dst, item)
		}
		r.depth--
		r.make(valueBytes)
		return append(dst, ']')
	case *object:
		if v.raw != nil {
			dst = append(dst, v.raw...) // X2
			break
		}
		r.enter()
		dst = append(dst, '{')
		for i, key := range v.keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			r.make(len(key))
			dst = append(appendText(dst, key), ':')
			dst = r.encode(dst, v.values[i])
		}
		r.depth--
		r.make(valueBytes)
		return append(dst, '}')
	default:
		fail("a value cannot be written as JSON")
	}
	r.make(len(dst) - before)
	return dst
}

// appendFloat writes the shortest number that is the same float64, as
// encoding/json does.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		fail("the result of a calculation is %v, which JSON cannot hold", f)
	}
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, f, form, -1, 64)
}

// appendText writes a string. What is not UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ' || 0x7f <= c && c < 0xa0:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return append(dst, '"')
}
