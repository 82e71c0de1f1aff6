package fileedit

import (
	"strings"

	"sidehook/config/edit"
)

// KeyPath reads the name of a key, or of one within a key, such as headers.X-Team.
func KeyPath(key string) edit.Path {
	outer, inner, nested := strings.Cut(key, ".")
	if !nested {
		return edit.Path{key}
	}
	return edit.Path{outer, inner}
}
