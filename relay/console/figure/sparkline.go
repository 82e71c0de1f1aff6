package figure

import (
	"html/template"
	"strings"
)

// Hour is what became of the attempts of an hour.
type Hour struct{ Delivered, Failed int }

// The size of a sparkline.
const (
	sparkHeight = 24.0
	sparkStep   = 4.0 // from one hour to the next
	sparkBar    = 3.0
	sparkLeast  = 2.0 // the height of a number above zero
)

// Sparkline draws a bar for each hour, the oldest first: what failed on top of what was
// delivered.
func Sparkline(hours []Hour) template.HTML {
	most, delivered, failed := 0.0, 0.0, 0.0
	for _, h := range hours {
		ok, bad := sane(float64(h.Delivered)), sane(float64(h.Failed))
		most, delivered, failed = max(most, ok+bad), delivered+ok, failed+bad
	}
	var okBars, badBars strings.Builder
	for i, h := range hours {
		ok, bad := barOf(h.Delivered, most), barOf(h.Failed, most)
		ok = min(ok, sparkHeight-bad) // the least height may be more than its part
		bar(&okBars, i, 0, ok)
		bar(&badBars, i, ok, bad)
	}
	var d drawing
	width := place(sparkStep * float64(len(hours)))
	d.write(`<svg class="sparkline" role="img" width="%s" height="%v" viewBox="0 0 %s %v" preserveAspectRatio="none"><title>`, width, sparkHeight, width, sparkHeight)
	if d.write("Last %d hours: ", len(hours)); most == 0 {
		d.write("no attempts")
	} else {
		d.write("%s delivered, %s failed", grouped(delivered), grouped(failed))
	}
	d.write(`</title><path class="base" d="M0 %vH%s"/>`, sparkHeight-0.5, width)
	if okBars.Len() > 0 {
		d.write(`<path class="delivered" d="%s"/>`, okBars.String())
	}
	if badBars.Len() > 0 {
		d.write(`<path class="failed" d="%s"/>`, badBars.String())
	}
	d.write("</svg>")
	return d.html()
}

// barOf returns the height of a number.
func barOf(n int, most float64) float64 {
	if n <= 0 {
		return 0
	}
	return max(sparkLeast, float64(n)/most*sparkHeight)
}

// bar draws the bar of an hour on top of another.
func bar(to *strings.Builder, i int, below, height float64) {
	if height <= 0 {
		return
	}
	to.WriteString("M" + place(sparkStep*float64(i)) + " " + place(sparkHeight-below) + "v-" + place(height) + "h" + place(sparkBar) + "v" + place(height) + "z")
}
