package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"
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

// readEventTypes reads the catalogue.
func readEventTypes(l *loader, v *value, types *map[string]string) {
	given := l.Pairs(v, "list each type as TYPE: DESCRIPTION")
	*types = make(map[string]string, len(given))
	for i := range given {
		pair := &given[i]
		name := pair.Key()
		switch {
		case name == "" || hasControl(name):
			l.FailKey(pair, "must be a type of events without control characters", "")
		case strings.HasPrefix(name, "sidehook."):
			l.FailKey(pair, "is reserved for events of sidehook itself", "remove it")
		case strings.ContainsAny(name, "*?"):
			l.FailKey(pair, "must be one type, not a glob", "list each type")
		case pair.IsNull():
			(*types)[name] = ""
		default:
			if t, ok := l.Known(pair); ok {
				(*types)[name] = t.String()
			}
		}
	}
	if v.IsMapping() && len(v.Node.Content) == 0 {
		l.Fail(v, "is empty, so every event would be refused", "remove event_types")
	}
}

func showEventTypes(types map[string]string) any {
	if types == nil {
		return nil
	}
	return pairs(each(slices.Sorted(maps.Keys(types)), func(name string) pair { return pair{name, types[name]} }))
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
