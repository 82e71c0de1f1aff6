package command

import (
	"unicode"

	"golang.org/x/text/width"
)

// places is how wide a clean text is on a terminal, where a character takes one
// place, two if it is Chinese, Japanese or Korean or a picture, and none if it is
// a mark on the one before.
func places(text string) (n int) {
	for _, r := range text {
		n += placesOf(r)
	}
	return n
}

func placesOf(r rune) int {
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

// cut shortens a text to so many places.
func cut(text string, most int) string {
	if places(text) <= most {
		return text
	}
	if most < 1 {
		return ""
	}
	room := most - places("…")
	for i, r := range text {
		if room -= placesOf(r); room < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
