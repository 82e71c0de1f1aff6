package figure

import (
	"html/template"

	"sidehook/relay/measure"
)

// Timing is how long the parts of an attempt took, in milliseconds, as the history has
// them: FirstByte and Took from the beginning of the attempt, the others each its own.
type Timing struct{ DNS, Connect, TLS, FirstByte, Took float64 }

// tooLong is more milliseconds than any attempt takes, and few enough to be written.
const tooLong = 1e12

// phase is a part of an attempt.
type phase struct {
	class, name string
	ms          float64
}

// phases returns the parts in their order. Before the first byte comes, what did not go
// into connecting is waited.
func (t Timing) phases() []phase {
	of := func(ms float64) float64 { return min(sane(ms), tooLong) }
	dns, connect, tls := of(t.DNS), of(t.Connect), of(t.TLS)
	connected, first, took := dns+connect+tls, of(t.FirstByte), of(t.Took)
	wait, read := max(0, took-connected), 0.0
	if first > 0 {
		wait, read = max(0, first-connected), max(0, took-max(first, connected))
	}
	return []phase{{"dns", "DNS", dns}, {"connect", "connect", connect}, {"tls", "TLS", tls}, {"wait", "wait", wait}, {"read", "read", read}}
}

// total returns how long the attempt took.
func (t Timing) total() (ms float64) {
	for _, p := range t.phases() {
		ms += p.ms
	}
	return ms
}

// Waterfall draws the parts of an attempt one after the other, with a legend that has
// their times. It returns "" for an attempt that took no time, which made no request.
func Waterfall(t Timing) template.HTML {
	total := t.total()
	if total == 0 {
		return ""
	}
	var d drawing
	d.write(`<div class="waterfall"><svg role="img" width="100%%" height="12" aria-label="%s in all">`, measure.Millis(total))
	at := 0.0
	for _, p := range t.phases() {
		if p.ms == 0 {
			continue
		}
		width := max(0.4, p.ms/total*100)
		at = min(at, 100-width)
		d.write(`<rect class="%s" x="%s%%" width="%s%%" height="12"/>`, p.class, place(at), place(width))
		at += width
	}
	d.write(`</svg><p class="legend">`)
	if t.keptAlive() {
		d.write(`<span>kept-alive connection</span> `)
	}
	for _, p := range t.phases() {
		if p.ms > 0 {
			d.write(`<span class="%s">%s %s</span> `, p.class, p.name, measure.Millis(p.ms))
		}
	}
	d.write(`<span>%s in all</span></p></div>`, measure.Millis(total))
	return d.html()
}

// keptAlive reports whether the attempt had an answer without connecting.
func (t Timing) keptAlive() bool {
	return sane(t.DNS)+sane(t.Connect)+sane(t.TLS) == 0 && sane(t.FirstByte) > 0
}
