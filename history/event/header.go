package event

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// AppendHeaderValue appends s as a header's value in the binary mode of
// CloudEvents: the space, the quote, the percent sign and all but printable
// ASCII percent-encoded, so that no value ends a line or needs a charset.
func AppendHeaderValue(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && c != '"' && c != '%' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// headerText returns the attribute that a header's value means in the binary mode. It
// first unquotes a quoted string, and then decodes percent-encoding once. Quotes within
// a value, spaces, letters that are not ASCII and percent signs that begin no escape
// stay as they are, because common senders encode nothing. flaw is why the value cannot
// be an attribute, or "".
func headerText(value string) (text, flaw string) {
	if inner, ok := unquoted(value); ok {
		value = inner
	}
	if strings.IndexByte(value, '%') >= 0 {
		out := make([]byte, 0, len(value))
		for i := 0; i < len(value); i++ {
			if value[i] != '%' || i+2 >= len(value) || hexValue(value[i+1]) < 0 || hexValue(value[i+2]) < 0 {
				out = append(out, value[i])
				continue
			}
			out = append(out, byte(hexValue(value[i+1])<<4|hexValue(value[i+2])))
			i += 2
		}
		value = string(out)
	}
	if !utf8.ValidString(value) {
		return "", "is not valid UTF-8"
	}
	return value, ""
}

// unquoted returns the inside of a quoted string (RFC 9110), if all of value is one.
func unquoted(value string) (string, bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	value = value[1 : len(value)-1]
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			return "", false
		case '\\':
			if i++; i == len(value) {
				return "", false
			}
		}
		out = append(out, value[i])
	}
	return string(out), true
}

// Sendable reports whether a text can be a header's value as it is: printable
// ASCII that begins and ends with something.
func Sendable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && text[0] != ' ' && text[len(text)-1] != ' '
}

// IsJSON reports whether a Content-Type is that of JSON, by CloudEvents' rule.
func IsJSON(contentType string) bool {
	name, _, _ := strings.Cut(contentType, ";")
	_, subtype, ok := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
	return ok && (subtype == "json" || strings.HasSuffix(subtype, "+json"))
}

// NamesCloudEvents reports whether receivers read a body of that Content-Type as
// a CloudEvent in the structured mode, or as a batch, by CloudEvents' rule.
func NamesCloudEvents(contentType string) bool {
	const prefix = "application/cloudevents"
	contentType = strings.TrimLeft(contentType, " \t")
	return len(contentType) >= len(prefix) && strings.EqualFold(contentType[:len(prefix)], prefix)
}

// isMediaType reports whether b is a media type as a Content-Type has it (RFC
// 2046, RFC 9110).
func isMediaType(b []byte) bool {
	kind := tokenLen(b)
	if kind == 0 || kind == len(b) || b[kind] != '/' {
		return false
	}
	b = b[kind+1:]
	subtype := tokenLen(b)
	if subtype == 0 {
		return false
	}
	for b = b[subtype:]; len(b) > 0; {
		b = bytes.TrimLeft(b, " \t")
		if len(b) == 0 || b[0] != ';' {
			return false
		}
		b = bytes.TrimLeft(b[1:], " \t")
		name := tokenLen(b)
		if name == 0 {
			continue // RFC 9110 allows a parameter to be missing
		}
		if name == len(b) || b[name] != '=' {
			return false
		}
		b = b[name+1:]
		value := tokenLen(b)
		if value == 0 {
			value = quotedLen(b)
		}
		if value == 0 {
			return false
		}
		b = b[value:]
	}
	return true
}

// tokenLen returns the length of the token that b begins with.
func tokenLen(b []byte) int {
	for i, c := range b {
		if !isLetter(c) && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return i
		}
	}
	return len(b)
}

// quotedLen returns the length of the quoted string that b begins with, 0 without one.
func quotedLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b) && b[i] >= ' ' && b[i] <= '~'; i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// isUTF8 reports whether the charset of a Content-Type is UTF-8, which is the default.
func isUTF8(contentType string) bool {
	_, parameters, _ := strings.Cut(contentType, ";")
	for one := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(one, "=")
		if strings.EqualFold(strings.TrimSpace(name), "charset") {
			value = strings.Trim(strings.TrimSpace(value), `"`)
			return strings.EqualFold(value, "utf-8") || strings.EqualFold(value, "us-ascii")
		}
	}
	return true
}

// headerFlaw returns an error about an attribute from a header.
func headerFlaw(name, flaw string) *Error {
	return &Error{Index: -1, Field: fieldName([]byte(name)), Problem: fmt.Sprintf("%s (header ce-%s)", flaw, name), Offset: -1}
}
