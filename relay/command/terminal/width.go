package terminal

import (
	"unicode"

	"golang.org/x/text/width"
)

// DisplayWidth returns how many columns a clean text takes. A character takes one
// column; two if it is Chinese, Japanese, Korean or an emoji; none if it is a
// mark on the character before it.
func DisplayWidth(text string) (n int) {
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

// Cut shortens a text to at most that many columns.
func Cut(text string, columns int) string {
	if DisplayWidth(text) <= columns {
		return text
	}
	if columns < 1 {
		return ""
	}
	left := columns - DisplayWidth("…")
	for i, r := range text {
		if left -= runeWidth(r); left < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
