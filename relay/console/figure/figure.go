// Package figure is the drawings on the pages of the console: how the last hours went,
// how long the parts of an attempt took, and the attempts of a delivery on one line of
// time. They are SVG within the page, without a script and without a style of their own:
// the style sheet gives their classes colours, so that they follow the page to dark.
//
// It promises that a figure has few elements, whatever its numbers are; that no shape
// lies outside of it, and none that means something is too small to be seen; and that its
// text says what it shows, for screen readers. It knows neither the history nor the
// configuration.
//
// The pages of relay/console call it.
package figure

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing builds SVG.
type drawing struct{ b strings.Builder }

func (d *drawing) html() template.HTML { return template.HTML(d.b.String()) }

// write writes markup, in which the package wrote all that is not a number.
func (d *drawing) write(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// text writes what may have been written by others.
func (d *drawing) text(text string) { d.b.WriteString(template.HTMLEscapeString(text)) }

// sane returns a number that can be drawn: not negative, not infinite, and 0 for what is
// no number.
func sane(f float64) float64 {
	switch {
	case math.IsNaN(f) || f < 0:
		return 0
	case f > math.MaxFloat64/1e10:
		return math.MaxFloat64 / 1e10
	}
	return f
}

// place formats a coordinate.
func place(f float64) string {
	return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64)
}

// grouped formats a number with its thousands apart.
func grouped(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
