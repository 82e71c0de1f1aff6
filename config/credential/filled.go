package credential

import (
	"regexp"
	"strings"

	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// Read reads a value whose ${…} are secrets. It warns of one that looks as if
// more was copied than the secret: it would be used as it is, and only the
// receiver would see that it is wrong.
func Read(r *yamlnode.Reader, v *yamlnode.Value) (yamlnode.Text, bool) {
	t, ok := r.Text(v)
	for _, f := range t.Filled {
		warnOdd(r, v, f.By, OddEnds(f.Text))
	}
	return t, ok
}

// ReadKey is Read for a value that is nothing but a secret: unlike a cookie or a
// query, it does not begin with NAME=.
func ReadKey(r *yamlnode.Reader, v *yamlnode.Value) (yamlnode.Text, bool) {
	t, ok := Read(r, v)
	for _, f := range t.Filled {
		if IsAssignment(f.Text) {
			warnOdd(r, v, f.By, "begins with NAME=")
		}
	}
	return t, ok
}

// ReadAddress is Read for a URL. A $NAME is allowed there, but hardly meant.
func ReadAddress(r *yamlnode.Reader, v *yamlnode.Value) (yamlnode.Text, bool) {
	t, ok := Read(r, v)
	if name := bareInURL.FindString(v.Node.Value); ok && name != "" {
		r.Fail(v, yamlnode.NotReplaced(name), "write ${"+name[1:]+"}, or %24"+name[1:]+" for a $")
		return t, false
	}
	return t, ok
}

// BareWord returns the $NAME that stands as a word of a header, such as the second one of
// Bearer $TOKEN; "" if there is none.
func BareWord(text string) string {
	if bare := bareWord.FindStringSubmatch(text); bare != nil {
		return "$" + bare[1]
	}
	return ""
}

var (
	bareInURL = regexp.MustCompile(`\$[A-Z_][A-Z0-9_]*`)
	bareWord  = regexp.MustCompile(`(?:^| )\$([A-Za-z_][A-Za-z0-9_]*)(?: |$)`)
)

func warnOdd(r *yamlnode.Reader, v *yamlnode.Value, by yamlnode.Reference, odd string) {
	if odd != "" {
		r.Warn(v, "the value of "+by.String()+" "+odd, "remove it unless it is intended")
	}
}

// ReadToken reads a secret that can stand in a header.
func ReadToken(r *yamlnode.Reader, v *yamlnode.Value, into *redact.Secret) {
	t, ok := ReadKey(r, v)
	switch {
	case !ok || !t.Known:
	case t.String() == "":
		r.Fail(v, "must not be empty", "")
	case yamlnode.HasControl(t.String()):
		r.Fail(v, yamlnode.NoControl, yamlnode.OneLine)
	case strings.ContainsFunc(t.String(), func(c rune) bool { return c <= ' ' || c > '~' }):
		r.Fail(v, "must be printable ASCII without spaces", "")
	default:
		*into = redact.NewSecret(t.String())
	}
}
