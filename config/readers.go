package config

import (
	"sidehook/config/credential"
	"sidehook/config/redact"
	"sidehook/config/selection"
)

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
