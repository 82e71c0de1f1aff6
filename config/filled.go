package config

import (
	"regexp"
	"strings"
	"unicode"

	"sidehook/config/credential"
	"sidehook/config/yamlnode"
)

// noControl is said of a text with a control character, mostly a line end, and
// oneLine is the hint for it.
const (
	noControl = "must not contain control characters"
	oneLine   = "keep it in one line, without a line end or a tab"
)

// credential reads a value whose ${…} are secrets. It warns of one that looks as if
// more was copied than the secret: it would be used as it is, and only the
// receiver would see that it is wrong.
func (l *loader) credential(v *value) (yamlnode.Text, bool) {
	t, ok := l.Text(v)
	for _, f := range t.Filled {
		l.warnOdd(v, f.By, credential.OddEnds(f.Text))
	}
	return t, ok
}

// key is credential for a value that is nothing but a secret: unlike a cookie or a
// query, it does not begin with NAME=.
func (l *loader) key(v *value) (yamlnode.Text, bool) {
	t, ok := l.credential(v)
	for _, f := range t.Filled {
		if credential.IsAssignment(f.Text) {
			l.warnOdd(v, f.By, "begins with NAME=")
		}
	}
	return t, ok
}

// address is credential for a URL. A $NAME is allowed there, but hardly meant.
func (l *loader) address(v *value) (yamlnode.Text, bool) {
	t, ok := l.credential(v)
	if name := bareInURL.FindString(v.Node.Value); ok && name != "" {
		l.Fail(v, yamlnode.NotReplaced(name), "write ${"+name[1:]+"}, or %24"+name[1:]+" for a $")
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
		l.Warn(v, "the value of "+by.String()+" "+odd, "remove it unless it is intended")
	}
}

// hasControl reports whether s holds a control character.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, unicode.IsControl)
}
