package expression

import (
	"slices"
	"strings"
)

// slip returns the name that another is most likely a slip of: the same but for
// case, or for one letter that is wrong, missing or too many, or two that changed
// places. Short names are too near to other words.
func slip(name string) string {
	if slices.Contains(ownNames(), name) {
		return ""
	}
	for _, known := range ownNames() {
		if len(known) >= 4 && oneOff(name, known) || len(known) < 4 && len(name) == len(known) && fold(name) == known {
			return known
		}
	}
	return ""
}

func fold(s string) string { return strings.ToLower(s) }

// oneOff reports whether two words are the same but for case, or for one letter
// that is wrong, missing or too many, or for two neighbours that changed places.
func oneOff(a, b string) bool {
	a, b = fold(a), fold(b)
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return len(a) <= 1 && len(b) <= 1 || swapped
}
