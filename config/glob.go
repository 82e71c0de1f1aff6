package config

import (
	"strings"

	"sidehook/config/selection"
)

// Matches reports whether a glob matches a type.
func Matches(glob, typ string) bool { return selection.Matches(glob, typ) }

// checkRoute returns what is wrong with a good glob that matches no type of the
// catalogue; "" if it matches one. Sidehook's own events are in no catalogue.
func (l *loader) checkRoute(glob string) (message, hint string) {
	first, _, _ := strings.Cut(glob, ".")
	if l.file.EventTypes == nil || first == "sidehook" {
		return "", ""
	}
	checked, ok := l.routes[glob]
	if !ok {
		checked.message, checked.hint = selection.CheckCatalogue(l.Reader, glob, l.file.EventTypes)
		l.routes[glob] = checked
	}
	return checked.message, checked.hint
}
