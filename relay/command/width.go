package command

import (
	"unicode"

	"golang.org/x/text/width"
)

// displayWidth returns the width of a clean text on a terminal. A character takes
// one column, two if it is Chinese, Japanese, Korean or a picture, and none if it is
// a mark on the one before.
func displayWidth(text string) (n int) {
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to that width.
func cut(text string, most int) string {
	if displayWidth(text) <= most {
		return text
	}
	if most < 1 {
		return ""
	}
	room := most - displayWidth("…")
	for i, r := range text {
		if room -= runeWidth(r); room < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
