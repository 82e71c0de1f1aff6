package credential

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsAssignment reports whether s begins as a line in a file of variables does. In
// base64 only another = follows an =.
func IsAssignment(s string) bool { return assignment.MatchString(s) }

var assignment = regexp.MustCompile(`^(export +)?[A-Za-z_][A-Za-z0-9_]*=[^=]`)

// OddEnds returns what is odd about the first or last character of s, "" if nothing is: a
// secret that was copied badly has such ends. It ignores control characters, which are
// refused elsewhere.
func OddEnds(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	begins, ends := oddRune(first), oddRune(last)
	switch last {
	case ',':
		ends = "a comma"
	case ';':
		ends = "a semicolon"
	}
	switch {
	case begins != "" && begins == ends:
		return "begins and ends with " + begins
	case begins != "" && ends != "":
		return "begins with " + begins + " and ends with " + ends
	case begins != "":
		return "begins with " + begins
	case ends != "":
		return "ends with " + ends
	}
	if i := strings.IndexRune("<[{(", first); i >= 0 && rune(">]})"[i]) == last {
		return fmt.Sprintf("stands in brackets (%c and %c)", first, last)
	}
	return ""
}

// oddRune names a character with which a secret hardly begins or ends.
func oddRune(r rune) string {
	switch {
	case r == ' ':
		return "a space"
	case r == '"', r == '\'', r == '`', unicode.In(r, unicode.Pi, unicode.Pf):
		return fmt.Sprintf("a quote (%c)", r)
	case unicode.In(r, unicode.Z, unicode.Cf):
		return fmt.Sprintf("the invisible character %U", r)
	}
	return ""
}
