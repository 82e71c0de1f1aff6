package event

import "unicode/utf8"

// member has offsets of one member of an object in compact JSON: of the quote before its
// name, of its value, and of the end of that. src is the offset of its name in the
// source, for errors.
type member struct{ at, value, end, src uint32 }

func (m member) name(json []byte) []byte { return json[m.at+1 : m.value-2] }
func (m member) raw(json []byte) []byte  { return json[m.value:m.end:m.end] }

// moved returns the member with its offsets raised by so much, or lowered if by wraps
// around.
func (m member) moved(by uint32) member {
	return member{m.at + by, m.value + by, m.end + by, m.src}
}

// scanner reads an object once. It checks every byte by RFC 8259, copies all but the
// white space between tokens to dst, and notes the members of the outermost object. Its
// methods take the offset in src to read at, and return the offset after what they read,
// or -1 with err set.
type scanner struct {
	src     []byte   // valid UTF-8
	dst     []byte   // long enough for all of src
	base    int      // where in dst the object begins
	copied  int      // where in src the bytes begin that are not in dst yet
	shift   int      // from an offset in src to that in dst
	members []member // in dst
	compact bool     // src must be compact; nothing is copied, and offsets in dst are those in src
	cut     bool     // bytes that are not UTF-8 come after src
	escapes int      // met so far
	escaped bool     // the name of a member is spelled with one
	err     *Error
}

// newScanner reads body up to where it stops being UTF-8. Scanning then fails
// there at the latest, and knows in which member that is.
func newScanner(body []byte) scanner {
	if utf8.Valid(body) {
		return scanner{src: body}
	}
	n := 0
	for {
		r, size := utf8.DecodeRune(body[n:])
		if r == utf8.RuneError && size == 1 {
			return scanner{src: body[:n], cut: true}
		}
		n += size
	}
}

// scanObject finds the members of an object in compact JSON.
func scanObject(json []byte) (scanner, error) {
	s := scanner{src: json, compact: true}
	if s.end(s.outer(0, json, 0)) < 0 {
		return scanner{}, s.err
	}
	return s, nil
}

// rewrite makes dst anew of the members to keep.
func (s *scanner) rewrite(keep func(member) bool) {
	dst := append(make([]byte, s.base, len(s.dst)), '{')
	members := s.members[:0]
	for _, m := range s.members {
		if !keep(m) {
			continue
		}
		if len(members) > 0 {
			dst = append(dst, ',')
		}
		at := len(dst)
		dst = AppendString(dst, string(unescape(nil, m.name(s.dst))))
		dst = append(dst, ':')
		value := len(dst)
		dst = append(dst, m.raw(s.dst)...)
		members = append(members, member{uint32(at), uint32(value), uint32(len(dst)), m.src})
	}
	s.dst, s.members = append(dst, '}'), members
}

// flush copies what is not copied yet, up to i.
func (s *scanner) flush(i int) {
	if i > s.copied && !s.compact {
		copy(s.dst[s.copied+s.shift:], s.src[s.copied:i])
		s.copied = i
	}
}

// out returns the offset in dst of src[i].
func (s *scanner) out(i int) uint32 { return uint32(i + s.shift) }

// at returns the byte at i; at the end that is 0, which begins no token.
func (s *scanner) at(i int) byte {
	if uint(i) < uint(len(s.src)) {
		return s.src[i]
	}
	return 0
}

// blank passes over white space and also returns the byte after it.
func (s *scanner) blank(i int) (int, byte) {
	for !s.compact && i < len(s.src) && isSpace(s.src[i]) {
		i++
	}
	return i, s.at(i)
}

// skip passes over white space inside the object: it copies what comes before, and not
// the white space.
func (s *scanner) skip(i int) (int, byte) {
	after, c := s.blank(i)
	if after > i {
		s.flush(i)
		s.copied, s.shift = after, s.shift-(after-i)
	}
	return after, c
}

func isSpace(c byte) bool {
	const spaces = 1<<' ' | 1<<'\n' | 1<<'\r' | 1<<'\t'
	return c <= ' ' && spaces>>c&1 != 0
}

// outer reads the object that should follow i to dst from base on, and notes
// its members. Their names are spelled without escapes where that can be.
func (s *scanner) outer(i int, dst []byte, base int) int {
	i, c := s.blank(i)
	if c != '{' {
		return s.expected(i, "an object")
	}
	s.dst, s.base, s.copied, s.shift = dst, base, i, base-i
	s.members, s.escaped = make([]member, 0, usualMembers), false
	if i = s.object(i, 0); i < 0 {
		return -1
	}
	s.flush(i)
	s.dst = s.dst[:s.out(i)]
	if s.escaped {
		s.rewrite(func(member) bool { return true })
	}
	return i
}

// end fails if anything but white space follows i.
func (s *scanner) end(i int) int {
	if i < 0 {
		return -1
	}
	if i, _ = s.blank(i); i < len(s.src) || s.cut {
		return s.expected(i, "the end")
	}
	return i
}
