package event

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// maxDepth is how deep the value of a member may nest.
const maxDepth = 1000

// object reads the object whose brace is at i. depth is the number of brackets around
// it; at 0 its members are noted.
func (s *scanner) object(i, depth int) int {
	i, c := s.skip(i + 1)
	if c == '}' {
		return i + 1
	}
	for {
		if c != '"' {
			return s.expected(i, "a name in quotes")
		}
		name, at, escapes := i, s.out(i), s.escapes
		if i = s.text(i + 1); i < 0 {
			return -1
		}
		end := i
		if depth == 0 && s.escapes > escapes {
			s.escaped = true
		}
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
		if c != ':' {
			return s.expected(i, `":"`)
		}
		i++
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
		value := s.out(i)
		if c == '"' {
			i = s.text(i + 1)
		} else {
			i = s.value(i, c, depth+1)
		}
		if i < 0 {
			if depth == 0 {
				s.err.Field = fieldName(s.src[name+1 : end-1])
			}
			return -1
		}
		if depth == 0 {
			s.members = append(s.members, member{at, value, s.out(i), uint32(name)})
		}
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
		if c == '}' {
			return i + 1
		}
		if c != ',' {
			return s.expected(i, `"," or "}"`)
		}
		i++
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
	}
}

func (s *scanner) array(i, depth int) int {
	i, c := s.skip(i + 1)
	if c == ']' {
		return i + 1
	}
	for {
		if i = s.value(i, c, depth+1); i < 0 {
			return -1
		}
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
		if c == ']' {
			return i + 1
		}
		if c != ',' {
			return s.expected(i, `"," or "]"`)
		}
		i++
		if c = s.at(i); c <= ' ' {
			i, c = s.skip(i)
		}
	}
}

// value reads the value that begins with c at i.
func (s *scanner) value(i int, c byte, depth int) int {
	switch c {
	case '"':
		return s.text(i + 1)
	case '{', '[':
		if depth > maxDepth {
			return s.fail(i, "nests deeper than "+strconv.Itoa(maxDepth)+" levels")
		}
		if c == '{' {
			return s.object(i, depth)
		}
		return s.array(i, depth)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	}
	return s.expected(i, "a value")
}

func (s *scanner) literal(i int, word string) int {
	if len(s.src)-i >= len(word) && string(s.src[i:i+len(word)]) == word {
		return i + len(word)
	}
	return s.fail(i, "expected a value, and this is not quite "+word)
}

func (s *scanner) number(i int) int {
	if s.src[i] == '-' {
		i++
	}
	if i < len(s.src) && s.src[i] == '0' {
		i++
	} else if i = s.digits(i); i < 0 {
		return -1
	}
	if i < len(s.src) && s.src[i] == '.' {
		if i = s.digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(s.src) && s.src[i]|0x20 == 'e' {
		i++
		if i < len(s.src) && (s.src[i] == '+' || s.src[i] == '-') {
			i++
		}
		return s.digits(i)
	}
	return i
}

// digits reads one digit or more.
func (s *scanner) digits(i int) int {
	from := i
	for i < len(s.src) && isDigit(s.src[i]) {
		i++
	}
	if i == from {
		return s.expected(i, "a digit")
	}
	return i
}

// text reads a string from after its opening quote. It looks at eight bytes at a time while
// so many are left.
func (s *scanner) text(i int) int {
	src := s.src
	for i+8 <= len(src) {
		stop := stops(binary.LittleEndian.Uint64(src[i:]))
		if stop == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(stop) / 8; src[i] == '"' {
			return i + 1
		}
		if i = s.escape(i); i < 0 {
			return -1
		}
	}
	for i < len(src) {
		switch c := src[i]; {
		case c == '"':
			return i + 1
		case c >= ' ' && c != '\\':
			i++
		default:
			if i = s.escape(i); i < 0 {
				return -1
			}
		}
	}
	return s.fail(i, "a string is not closed")
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stops has the high bit set in the lowest byte of w that is a quote, a
// backslash or below 0x20. Exclusive or with 2 swaps the quote with the space,
// so that one subtraction finds both quotes and control characters. Bits
// above the lowest may be wrong: a borrow runs upwards.
func stops(w uint64) uint64 {
	return (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones)) &^ w & highs
}

// escape reads the escape whose backslash should be at i.
func (s *scanner) escape(i int) int {
	if s.src[i] != '\\' {
		return s.fail(i, "a string holds the control character "+quoteByte(s.src[i])+", which must be escaped")
	}
	s.escapes++
	if i+1 >= len(s.src) {
		return s.fail(i+1, "a string is not closed")
	}
	switch s.src[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(s.src) || hexValue(s.src[k]) < 0 {
				return s.expected(k, "four hexadecimal digits after \\u")
			}
		}
		return i + 6
	}
	return s.expected(i+1, "a known escape after the backslash")
}
