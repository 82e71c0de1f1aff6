package config

import (
	"time"
)

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
