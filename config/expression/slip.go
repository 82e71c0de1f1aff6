package expression

import (
	"slices"
	"strings"
)

// slip returns the name of which another is most likely a misspelling, or "": it
// differs in case, in one letter that is wrong, missing or extra, or in two
// neighbours that are swapped. Short names may differ only in case.
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

// oneOff reports whether two words differ, apart from case, in at most one letter
// or in two neighbours that are swapped.
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
