package event

import (
	"bytes"
	"net/netip"
	"strconv"
)

// isURIReference reports whether b is a URI reference of RFC 3986: a URI, or a
// relative reference.
func isURIReference(b []byte) bool {
	if scheme := schemeOf(b); scheme != nil {
		return isURI(b)
	}
	return isRelative(b)
}

// isURI reports whether b is a URI of RFC 3986, which begins with a scheme.
func isURI(b []byte) bool {
	scheme := schemeOf(b)
	if len(scheme) == 0 || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range scheme {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return isRelative(b[len(scheme)+1:])
}

// schemeOf returns the text before the first colon. It returns nil if there is no colon, or
// if another delimiter comes first.
func schemeOf(b []byte) []byte {
	if i := bytes.IndexAny(b, ":/?#"); i >= 0 && b[i] == ':' {
		return b[:i]
	}
	return nil
}

// isRelative reports whether b may follow a scheme: authority, path, query and fragment.
func isRelative(b []byte) bool {
	b, fragment, _ := bytes.Cut(b, []byte("#"))
	path, query, _ := bytes.Cut(b, []byte("?"))
	if rest, ok := bytes.CutPrefix(path, []byte("//")); ok {
		end := bytes.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		if !isAuthority(rest[:end]) {
			return false
		}
		path = rest[end:]
	}
	return isEncoded(path, "/") && isEncoded(query, "/?") && isEncoded(fragment, "/?")
}

// isAuthority reports whether b is user, host and port.
func isAuthority(b []byte) bool {
	user, host, ok := bytes.Cut(b, []byte("@"))
	if !ok {
		user, host = nil, b
	}
	if !isEncoded(user, "") || bytes.IndexByte(host, '@') >= 0 {
		return false
	}
	name, port := host, []byte(nil)
	if literal, rest, ok := bytes.Cut(host, []byte("]")); ok {
		if !isIPLiteral(literal) || len(rest) > 0 && rest[0] != ':' {
			return false
		}
		name, port = nil, bytes.TrimPrefix(rest, []byte(":"))
	} else if i := bytes.IndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i+1:]
	}
	return isEncoded(name, "") && len(bytes.Trim(port, "0123456789")) == 0
}

// isIPLiteral reports whether b is an address in brackets, without the closing one.
func isIPLiteral(b []byte) bool {
	inside, ok := bytes.CutPrefix(b, []byte("["))
	if !ok {
		return false
	}
	if version, address, ok := bytes.Cut(inside, []byte(".")); ok && len(version) > 1 && version[0]|0x20 == 'v' {
		for _, c := range version[1:] {
			if hexValue(c) < 0 {
				return false
			}
		}
		return len(address) > 0 && !bytes.ContainsAny(address, "%@") && isEncoded(address, "")
	}
	ip, err := netip.ParseAddr(string(inside))
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// isEncoded reports whether b has only bytes that every part of a URI may have, the
// bytes in more, and percent-encoded bytes.
func isEncoded(b []byte, more string) bool {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case isURIByte(c):
		case c == '%' && isEscape(b[i:]):
			i += 2
		default:
			known := false
			for k := range len(more) {
				known = known || more[k] == c
			}
			if !known {
				return false
			}
		}
	}
	return true
}

// isURIByte reports whether c is in pchar of RFC 3986, without percent-encoded bytes.
func isURIByte(c byte) bool {
	const (
		low = 1<<'!' | 1<<'$' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<'-' | 1<<'.' |
			(1<<10-1)<<'0' | 1<<':' | 1<<';' | 1<<'='
		high = 1<<('@'-64) | (1<<26-1)<<('A'-64) | 1<<('_'-64) | (1<<26-1)<<('a'-64) | 1<<('~'-64)
	)
	set := [4]uint64{low, high}
	return set[c>>6]>>(c&63)&1 != 0
}

// isEscape reports whether b begins with a percent-encoded byte.
func isEscape(b []byte) bool {
	return len(b) > 2 && b[0] == '%' && hexValue(b[1]) >= 0 && hexValue(b[2]) >= 0
}

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

// encodedForm returns text with the bytes that a URI does not allow percent-encoded.
func encodedForm(text []byte) []byte {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(text)+16)
	for i, c := range text {
		if isURIByte(c) || bytes.IndexByte([]byte("/?#[]"), c) >= 0 || isEscape(text[i:]) {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return out
}

// uriFlaw returns why text cannot be a source, which is a URI reference, or a schema,
// which is a URI; "" if it can.
func uriFlaw(r role, text []byte) string {
	good, what, example := isURIReference, "a URI reference", "com.example/app"
	if r == schema {
		good, what, example = isURI, "a URI that begins with its scheme", "https://example.com/schema.json"
	}
	if good(text) {
		return ""
	}
	const longest = 200
	if encoded := encodedForm(text); len(encoded) <= longest && good(encoded) {
		example = string(encoded)
	}
	return "must be " + what + " (RFC 3986); write it like " + strconv.Quote(example)
}
