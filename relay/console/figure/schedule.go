package figure

import (
	"cmp"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"sidehook/relay/measure"
)

// Mark is an attempt that was made, or the end of a delivery without one.
type Mark struct {
	At     time.Time
	Status string // as the history has it
	Label  string // shown with the mark
}

// Schedule is a delivery in time.
type Schedule struct {
	Start   time.Time // when it was accepted or resent
	Now     time.Time
	Made    []Mark
	Ahead   []time.Time // attempts to come, if each before fails
	Expires time.Time   // zero: it does not, or has ended
}

// most is how many marks a schedule draws of each kind: the latest that were made, and
// the first ahead.
const most = 40

// Draw returns the delivery on one line of time, from its start to its last attempt or
// its expiry. Times near the start are wide apart, as the waits of a retry schedule grow.
func (s Schedule) Draw() template.HTML {
	slices.SortStableFunc(s.Made, func(a, b Mark) int { return a.At.Compare(b.At) })
	end := cmp.Or(s.Expires, s.Start)
	for _, m := range s.Made {
		end = later(end, m.At)
	}
	for _, at := range s.Ahead {
		end = later(end, at)
	}
	if len(s.Ahead) > 0 || !s.Expires.IsZero() {
		end = later(end, s.Now)
	}
	line := axis{start: s.Start, length: max(time.Second, end.Sub(s.Start))}
	var d drawing
	d.write(`<svg class="schedule" role="img" width="100%%" height="56"><title>`)
	d.text(s.text())
	d.write(`</title><rect class="line" x="2%%" width="96%%" y="25" height="2"/>`)
	d.ticks(line, s.Expires)
	for _, at := range s.Ahead[:min(len(s.Ahead), most)] {
		d.write(`<circle class="ahead" cx="%s" cy="26" r="5"/>`, line.at(at))
	}
	for _, m := range s.Made[max(0, len(s.Made)-most):] {
		d.mark(line, m)
	}
	if len(s.Ahead) > 0 || !s.Expires.IsZero() {
		d.write(`<rect class="now" x="%s" y="14" width="2" height="24"/><text class="now" x="%s" y="11" text-anchor="middle">now</text>`, line.at(s.Now), line.label(s.Now))
	}
	d.write("</svg>")
	return d.html()
}

// mark draws what became of an attempt, each outcome with a shape of its own: a circle
// arrived, a square will be tried again, a high bar ended the delivery.
func (d *drawing) mark(line axis, m Mark) {
	at, shape := line.at(m.At), "rect"
	switch m.Status {
	case "delivered":
		shape = "circle"
		d.write(`<circle class="delivered" cx="%s" cy="26" r="6">`, at)
	case "retrying":
		d.write(`<rect class="retrying" x="%s" y="21" width="10" height="10" transform="translate(-5)">`, at)
	default:
		d.write(`<rect class="ended" x="%s" y="16" width="5" height="20" transform="translate(-2)">`, at)
	}
	if m.Label != "" {
		d.write("<title>")
		d.text(m.Label)
		d.write("</title>")
	}
	d.write("</%s>", shape)
}

// ticks draws the scale below the line, and the expiry at its end.
func (d *drawing) ticks(line axis, expires time.Time) {
	last := 98.0
	if !expires.IsZero() {
		last = 66
		d.write(`<rect class="expires" x="%s" y="16" width="2" height="20"/><text class="expires" x="98%%" y="52" text-anchor="end">expires +%s</text>`, line.at(expires), measure.Span(max(0, expires.Sub(line.start))))
	}
	before := -10.0
	for _, t := range []struct {
		after time.Duration
		name  string
	}{
		{0, "0"}, {time.Second, "1s"}, {10 * time.Second, "10s"}, {time.Minute, "1m"}, {10 * time.Minute, "10m"}, {time.Hour, "1h"}, {6 * time.Hour, "6h"},
		{24 * time.Hour, "1d"}, {7 * 24 * time.Hour, "7d"}, {30 * 24 * time.Hour, "30d"}, {365 * 24 * time.Hour, "365d"},
	} {
		at := line.percent(line.start.Add(t.after))
		if t.after > line.length || at-before < 12 || at > last {
			continue
		}
		before = at
		anchor := "middle"
		if t.after == 0 {
			anchor = "start"
		}
		d.write(`<text x="%s%%" y="52" text-anchor="%s">%s</text>`, place(at), anchor, t.name)
	}
}

// axis is the line of time.
type axis struct {
	start  time.Time
	length time.Duration
}

// percent returns where a time is on the line, in percent. A time outside is at the end.
func (a axis) percent(at time.Time) float64 {
	after := min(max(0, at.Sub(a.start)), a.length)
	return 2 + 96*math.Log1p(after.Seconds())/math.Log1p(a.length.Seconds())
}

func (a axis) at(at time.Time) string { return place(a.percent(at)) + "%" }

// label returns where the middle of a word is, so that none of it is outside.
func (a axis) label(at time.Time) string {
	return place(min(max(5, a.percent(at)), 95)) + "%"
}

// text says what the line shows.
func (s Schedule) text() string {
	after := func(at time.Time) string { return "after " + measure.Span(max(0, at.Sub(s.Start))) }
	var parts []string
	switch n := len(s.Made); {
	case n == 0:
		parts = append(parts, "No attempt was made")
	default:
		part := measure.Count(n, "attempt") + " made"
		if n > 3 {
			part += ", the last ones"
		}
		for i, m := range s.Made[max(0, n-3):] {
			part += []string{": ", ", ", ", "}[i] + m.Status + " " + after(m.At)
		}
		parts = append(parts, part)
	}
	if n := len(s.Ahead); n > 0 {
		part := measure.Count(n, "attempt") + " ahead, " + after(s.Ahead[0])
		if n > 1 {
			part += " to " + measure.Span(max(0, s.Ahead[n-1].Sub(s.Start)))
		}
		parts = append(parts, part)
	}
	if !s.Expires.IsZero() {
		parts = append(parts, "expires "+after(s.Expires))
	}
	if len(s.Ahead) > 0 || !s.Expires.IsZero() {
		parts = append(parts, "now is "+after(s.Now))
	}
	return strings.Join(parts, "; ")
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
