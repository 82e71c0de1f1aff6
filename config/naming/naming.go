// Package naming has the rules for names that people give: of webhooks, of the members of a
// cluster and of its schema, and for descriptions. config calls it for the keys that have
// them.
package naming

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sidehook/config/yamlnode"
)

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// The forms of names as JSON Schemas have them.
const (
	WebhookPattern = "^[a-z0-9][a-z0-9._-]{0,62}$"
	MemberPattern  = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
	SchemaPattern  = "^[a-z_][a-z0-9_]{0,50}$"
)

// form is what a name looks like.
type form struct {
	first, rest string // the characters that it may begin with, and those that it may have
	most        int    // bytes
	what        string // in words
}

func webhook() form {
	return form{lower + digits, lower + digits + "._-", 63, "a-z, 0-9, dot, _ and -, with a letter or digit first"}
}

func member() form {
	return form{letters + digits, letters + digits + "._-", 63, "letters, 0-9, dot, _ and -, with a letter or digit first"}
}

func schema() form {
	return form{lower + "_", lower + digits + "_", 51, "a-z, 0-9 and _, with a letter or _ first"}
}

func (f form) fits(s string) bool {
	return 1 <= len(s) && len(s) <= f.most && strings.IndexByte(f.first, s[0]) >= 0 && strings.Trim(s, f.rest) == ""
}

// check reports whether a text has the form, after it has reported that it has not.
func (f form) check(r *yamlnode.Reader, t yamlnode.Text) bool {
	if f.fits(t.String()) {
		return true
	}
	r.Fail(t.At, fmt.Sprintf("must be 1 to %d of %s, not %s", f.most, f.what, t.Show()), "")
	return false
}

// IsWebhook reports whether a webhook may have the name.
func IsWebhook(s string) bool { return webhook().fits(s) }

// ReadWebhook reads the name of a webhook. One that came by ${…} and is not known here
// may be good.
func ReadWebhook(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	if t, ok := r.Text(v); ok && (!t.Known || webhook().check(r, t)) {
		*into = t.String()
	}
}

// ReadFormer reads the name that a webhook had before.
func ReadFormer(r *yamlnode.Reader, v *yamlnode.Value, into *string) { read(r, v, into, webhook()) }

// ReadMember reads the name of a member of a cluster.
func ReadMember(r *yamlnode.Reader, v *yamlnode.Value, into *string) { read(r, v, into, member()) }

// ReadSchema reads the name of a schema of PostgreSQL.
func ReadSchema(r *yamlnode.Reader, v *yamlnode.Value, into *string) { read(r, v, into, schema()) }

func read(r *yamlnode.Reader, v *yamlnode.Value, into *string, f form) {
	if t, ok := r.Known(v); ok && f.check(r, t) {
		*into = t.String()
	}
}

// MaxDescription is the most characters of a description.
const MaxDescription = 1024

// ReadDescription reads free text.
func ReadDescription(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	t, ok := r.Known(v)
	if n := utf8.RuneCountInString(t.String()); ok && n > MaxDescription {
		r.Fail(v, fmt.Sprintf("must have at most %d characters, has %d", MaxDescription, n), "")
		return
	}
	*into = t.String()
}
