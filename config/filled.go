package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"sidehook/config/yamlnode"
)

// noControl is said of a text with a control character, mostly a line end, and
// oneLine is the hint for it.
const (
	noControl = "must not contain control characters"
	oneLine   = "keep it in one line, without a line end or a tab"
)

// credential reads a value that is a secret where it came by ${…}. It warns of
// what looks as if more was copied than the secret: it would be sent, or signed
// with, as it is, and the receiver alone would see that it is wrong.
func (l *loader) credential(v *value) (yamlnode.Text, bool) {
	t, ok := l.Text(v)
	for _, f := range t.Filled {
		l.warnOdd(v, f.By, oddEnds(f.Text))
	}
	return t, ok
}

// key is credential for a value that is nothing but a key, and so does not begin
// with NAME= as a cookie or a query does.
func (l *loader) key(v *value) (yamlnode.Text, bool) {
	t, ok := l.credential(v)
	for _, f := range t.Filled {
		if assignment.MatchString(f.Text) {
			l.warnOdd(v, f.By, "begins with a name and =")
		}
	}
	return t, ok
}

// address is credential for a URL, in which $NAME may stand, but is hardly meant.
func (l *loader) address(v *value) (yamlnode.Text, bool) {
	t, ok := l.credential(v)
	if name := bareInURL.FindString(v.Node.Value); ok && name != "" {
		l.Fail(v, "holds "+name+" as it stands: nothing is filled in", "write ${"+name[1:]+"}, or %24"+name[1:]+" for a $")
		return t, false
	}
	return t, ok
}

var (
	bareInURL = regexp.MustCompile(`\$[A-Z_][A-Z0-9_]*`)
	// bareWord is a word of a header, such as the second one of Bearer $TOKEN.
	bareWord = regexp.MustCompile(`(?:^| )\$([A-Za-z_][A-Za-z0-9_]*)(?: |$)`)
)

func (l *loader) warnOdd(v *value, by yamlnode.Reference, odd string) {
	if odd != "" {
		l.Warn(v, "what came by "+by.String()+" "+odd, "remove it there, unless it is meant")
	}
}

// assignment is the beginning of a line in a file of variables. In base64 nothing
// but another = follows an =.
var assignment = regexp.MustCompile(`^(export +)?[A-Za-z_][A-Za-z0-9_]*=[^=]`)

// oddEnds returns how s begins or ends as hardly a secret does, or "". Control
// characters are left to those who refuse them.
func oddEnds(s string) string {
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

// oddRune names a character that a secret hardly begins or ends with.
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
