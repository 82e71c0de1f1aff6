package config

import (
	"net/url"
	"time"

	"sidehook/config/endpoint"
)

// readSource reads a URI reference, as CloudEvents requires.
func (l *loader) readSource(v *value, into *string) {
	var s string
	l.Line(v, 1024, &s)
	if s == "" {
		return
	}
	hint := "write it like com.example/app"
	right := endpoint.EncodeURI(s)
	if t, _ := l.Known(v); right != s && !t.Hidden() {
		hint = "write " + right
	}
	if _, err := url.Parse(s); err != nil || right != s {
		l.Fail(v, "must be a URI reference", hint)
		return
	}
	*into = s
}

// The bounds of history.keep.
const (
	leastKeep = time.Second
	mostKeep  = 36500 * 24 * time.Hour
)

// filePath reads the path of a file or folder.
func (l *loader) filePath(v *value, into *string) {
	var path string
	if l.Line(v, 4096, &path); path != "" {
		*into = l.absolute(path)
	}
}

// keepOrDrop is true for drop.
func keepOrDrop() codec[bool] {
	const keep, drop = "keep", "drop"
	return codec[bool]{
		schema: schema{"enum": []string{keep, drop}},
		read: func(l *loader, v *value, into *bool) {
			word := keep
			l.Choice(v, []string{keep, drop}, &word)
			*into = word == drop
		},
		show: func(isDrop bool) any {
			if isDrop {
				return drop
			}
			return keep
		},
	}
}
