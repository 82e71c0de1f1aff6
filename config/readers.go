package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sidehook/config/credential"
	"sidehook/config/redact"
	"sidehook/config/selection"
	"sidehook/config/yamlnode"
)

func readName(l *loader, v *value, into *string) {
	if t, ok := l.Text(v); ok && (!t.Known || l.goodWebhookName(t)) {
		*into = t.String()
	}
}

func readWas(l *loader, v *value, into *string) {
	if t, ok := l.Known(v); ok && l.goodWebhookName(t) {
		*into = t.String()
	}
}

func (l *loader) goodWebhookName(t yamlnode.Text) bool {
	ok := isName(t.String())
	if !ok {
		l.Fail(t.At, "must be 1 to 63 of a-z, 0-9, dot, _ and -, with a letter or digit first, not "+t.Show(), "")
	}
	return ok
}

func isName(s string) bool {
	return 1 <= len(s) && len(s) <= 63 && strings.IndexByte("._-", s[0]) < 0 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

func readDescription(l *loader, v *value, into *string) {
	t, ok := l.Known(v)
	if n := utf8.RuneCountInString(t.String()); ok && n > 1024 {
		l.Fail(v, fmt.Sprintf("must have at most 1024 characters, has %d", n), "")
		return
	}
	*into = t.String()
}

// readURL leaves the rules to finishURL, because allow may lift some.
func readURL(l *loader, v *value, into *URL) {
	if t, ok := credential.ReadAddress(l.Reader, v); ok {
		l.partial.url, *into = t, redact.NewURL(t.String(), t.Hidden())
	}
}

func readEvents(l *loader, v *value, into *[]string) {
	items := l.Items(v, `write a list, such as ["com.example.**"]`)
	if v.IsList() && len(items) == 0 {
		l.Fail(v, "is an empty list", `list at least one type or glob, such as events: ["com.example.**"]`)
	}
	*into = make([]string, 0, len(items))
	for i := range items {
		t, ok := l.Known(&items[i])
		if !ok {
			continue
		}
		message, hint := selection.CheckGlob(t.String())
		if message == "" {
			message, hint = l.checkRoute(t.String())
		}
		if message != "" {
			l.Fail(t.At, message, hint)
		}
		*into = append(*into, t.String())
	}
}

// readSecrets leaves the rules to finishSecrets, because they depend on allow and
// signature.
func readSecrets(l *loader, v *value, _ *[]Secret) {
	d := l.partial
	d.secrets, d.badSecret = nil, false
	items := l.OneOrItems(v)
	for i := range items {
		if t, ok := credential.ReadKey(l.Reader, &items[i]); ok {
			d.secrets = append(d.secrets, t)
		} else {
			d.badSecret = true
		}
	}
}
