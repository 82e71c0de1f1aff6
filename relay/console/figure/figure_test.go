package figure_test

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sidehook/relay/console/figure"
)

// drawn is what a browser makes of a figure.
type drawn struct {
	text     string // that stands for it
	shown    string // within it, but for titles
	elements int
	classes  []string
}

// look reads a figure and checks what all of them promise.
func look(t *testing.T, source template.HTML) (d drawn) {
	t.Helper()
	page, err := html.Parse(strings.NewReader("<!doctype html><title>t</title><main>" + string(source) + "</main>"))
	if err != nil {
		t.Fatal(err)
	}
	var main *html.Node
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			main = n
		}
	}
	for n := range main.Descendants() {
		if n.Type == html.TextNode {
			if n.Parent.Data == "title" && n.Parent.Parent.Data == "svg" {
				d.text = n.Data
			} else if n.Parent.Data != "title" {
				d.shown += n.Data
			}
			continue
		}
		d.elements++
		if !slices.Contains([]string{"svg", "title", "path", "rect", "circle", "text", "div", "p", "span"}, n.Data) {
			t.Errorf("there is an element %s", n.Data)
		}
		x, width := 0.0, 0.0
		for _, a := range n.Attr {
			switch a.Key {
			case "style", "id":
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			case "class":
				d.classes = append(d.classes, a.Val)
			case "aria-label":
				d.text = a.Val
			case "d":
				checkPath(t, a.Val)
			case "x", "cx", "width", "height", "y", "cy":
				f, err := strconv.ParseFloat(strings.TrimSuffix(a.Val, "%"), 64)
				if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
					t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
				}
				if strings.HasSuffix(a.Val, "%") {
					switch a.Key {
					case "x", "cx":
						x = f
					case "width":
						width = f
					}
				}
			}
		}
		if x+width > 100.01 {
			t.Errorf("%s ends at %v %%", n.Data, x+width)
		}
	}
	if source != "" && (d.text == "" || !strings.Contains(string(source), `role="img"`)) {
		t.Errorf("there is no text for it")
	}
	return d
}

// checkPath checks that the bars of a sparkline are within it.
func checkPath(t *testing.T, path string) {
	t.Helper()
	numbers := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("MvhHz ", r) })
	for _, text := range numbers {
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(f) > 96 {
			t.Errorf("a path has %q", text)
		}
	}
}

func TestSparkline(t *testing.T) {
	for name, c := range map[string]struct {
		hours []figure.Hour
		text  string
		bars  int
	}{
		"nothing":     {make([]figure.Hour, 24), "Last 24 hours: no attempts", 0},
		"one":         {append(make([]figure.Hour, 23), figure.Hour{Delivered: 1}), "Last 24 hours: 1 delivered, 0 failed", 1},
		"one of each": {append(make([]figure.Hour, 23), figure.Hour{Delivered: 1, Failed: 1}), "Last 24 hours: 1 delivered, 1 failed", 2},
		"few failed":  {append(make([]figure.Hour, 23), figure.Hour{Delivered: 1_234_567, Failed: 1}), "Last 24 hours: 1,234,567 delivered, 1 failed", 2},
		"huge":        {slices.Repeat([]figure.Hour{{math.MaxInt, math.MaxInt}}, 24), "Last 24 hours: 221,360,928,884,514,619,392 delivered, 221,360,928,884,514,619,392 failed", 48},
		"negative":    {append(make([]figure.Hour, 23), figure.Hour{Delivered: -1, Failed: math.MinInt}), "Last 24 hours: no attempts", 0},
		"none":        {nil, "Last 0 hours: no attempts", 0},
	} {
		t.Run(name, func(t *testing.T) {
			source := figure.Sparkline(c.hours)
			d := look(t, source)
			if d.text != c.text {
				t.Errorf("got %q, want %q", d.text, c.text)
			}
			if bars := strings.Count(string(source), "z"); bars != c.bars {
				t.Errorf("%d bars, want %d", bars, c.bars)
			}
			if d.elements > 5 {
				t.Errorf("%d elements", d.elements)
			}
		})
	}
	t.Run("heights", func(t *testing.T) {
		want := `<svg class="sparkline" role="img" width="8" height="24" viewBox="0 0 8 24" preserveAspectRatio="none"><title>Last 2 hours: 40 delivered, 20 failed</title>` +
			`<path class="base" d="M0 23.5H8"/><path class="delivered" d="M0 24v-12h3v12zM4 24v-12h3v12z"/><path class="failed" d="M4 12v-12h3v12z"/></svg>`
		if got := string(figure.Sparkline([]figure.Hour{{20, 0}, {20, 20}})); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestWaterfall(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		timing figure.Timing
		legend string
	}{
		"no request":     {figure.Timing{}, ""},
		"whole":          {figure.Timing{DNS: 1, Connect: 2, TLS: 3.456, FirstByte: 100, Took: 1200}, "DNS 1.00ms connect 2.00ms tls 3.46ms wait 93.5ms read 1.10s 1.20s in all"},
		"kept alive":     {figure.Timing{FirstByte: 5, Took: 5}, "kept-alive connection wait 5.00ms 5.00ms in all"},
		"no answer":      {figure.Timing{DNS: 1, Connect: 2, Took: 15_000}, "DNS 1.00ms connect 2.00ms wait 15.0s 15.0s in all"},
		"no connection":  {figure.Timing{DNS: 7, Took: 7}, "DNS 7.00ms 7.00ms in all"},
		"of minutes":     {figure.Timing{Took: 125_000}, "wait 2m5s 2m5s in all"},
		"more than took": {figure.Timing{DNS: 10, Connect: 10, TLS: 10, FirstByte: 5, Took: 1}, "DNS 10.0ms connect 10.0ms tls 10.0ms 30.0ms in all"},
		"no number":      {figure.Timing{DNS: nan, Connect: 1, TLS: -1, FirstByte: nan, Took: 2}, "connect 1.00ms wait 1.00ms 2.00ms in all"},
		"tiny":           {figure.Timing{DNS: 1e-9, Connect: 1e-9, TLS: 1e-9, FirstByte: 1, Took: 1}, "DNS 0.00ms connect 0.00ms tls 0.00ms wait 1.00ms 1.00ms in all"},
		"huge":           {figure.Timing{DNS: inf, Connect: inf, TLS: inf, FirstByte: inf, Took: inf}, "DNS 277777h46m40s connect 277777h46m40s tls 277777h46m40s 833333h20m0s in all"},
	} {
		t.Run(name, func(t *testing.T) {
			d := look(t, figure.Waterfall(c.timing))
			if got := strings.ReplaceAll(strings.TrimSpace(d.shown), "TLS", "tls"); got != c.legend {
				t.Errorf("got %q, want %q", got, c.legend)
			}
			if d.elements > 15 {
				t.Errorf("%d elements", d.elements)
			}
		})
	}
	t.Run("widths", func(t *testing.T) {
		got := string(figure.Waterfall(figure.Timing{Connect: 10, FirstByte: 30, Took: 50}))
		want := `<rect class="connect" x="0%" width="20%" height="12"/><rect class="wait" x="20%" width="40%" height="12"/><rect class="read" x="60%" width="40%" height="12"/></svg>`
		if !strings.Contains(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestSchedule(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	mark := func(d time.Duration, status string) figure.Mark {
		return figure.Mark{At: after(d), Status: status, Label: "<b>" + status}
	}
	for name, c := range map[string]struct {
		schedule figure.Schedule
		text     string
	}{
		"nothing": {figure.Schedule{}, "No attempt was made"},
		"waiting": {figure.Schedule{Start: start, Now: after(time.Minute), Expires: after(72 * time.Hour)}, "No attempt was made; expires after 3d; now is after 1m"},
		"delivered": {figure.Schedule{Start: start, Now: after(time.Hour), Made: []figure.Mark{mark(time.Second, "delivered")}},
			"1 attempt made: delivered after 1s"},
		"retrying": {figure.Schedule{Start: start, Now: after(10 * time.Minute), Expires: after(72 * time.Hour),
			Made:  []figure.Mark{mark(5*time.Minute, "retrying"), mark(5*time.Second, "retrying")},
			Ahead: []time.Time{after(30 * time.Minute), after(2*time.Hour + 30*time.Minute), after(75 * time.Hour)}},
			"2 attempts made: retrying after 5s, retrying after 5m; 3 attempts ahead, after 30m to 3d3h; expires after 3d; now is after 10m"},
		"overdue": {figure.Schedule{Start: start, Now: after(time.Hour), Ahead: []time.Time{after(time.Minute)}},
			"No attempt was made; 1 attempt ahead, after 1m; now is after 1h"},
		"before its start": {figure.Schedule{Start: start, Now: after(-time.Hour), Made: []figure.Mark{mark(-time.Minute, "failed")}, Ahead: []time.Time{after(-time.Minute)}},
			"1 attempt made: failed after 0s; 1 attempt ahead, after 0s; now is after 0s"},
		"far": {figure.Schedule{Start: start, Now: after(time.Hour), Expires: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)},
			"No attempt was made; expires after 106751d23h; now is after 1h"},
		"many": {figure.Schedule{Start: start, Now: after(time.Hour), Made: slices.Repeat([]figure.Mark{mark(time.Minute, "retrying")}, 5000), Ahead: slices.Repeat([]time.Time{after(2 * time.Hour)}, 5000)},
			"5000 attempts made, the last ones: retrying after 1m, retrying after 1m, retrying after 1m; 5000 attempts ahead, after 2h to 2h; now is after 1h"},
	} {
		t.Run(name, func(t *testing.T) {
			d := look(t, c.schedule.Draw())
			if d.text != c.text {
				t.Errorf("got  %q\nwant %q", d.text, c.text)
			}
			if d.elements > 140 {
				t.Errorf("%d elements", d.elements)
			}
			for _, m := range c.schedule.Made {
				want := map[string]string{"delivered": "delivered", "retrying": "retrying"}[m.Status]
				if want == "" {
					want = "ended"
				}
				if !slices.Contains(d.classes, want) {
					t.Errorf("no mark is %s", want)
				}
			}
		})
	}
	t.Run("scale", func(t *testing.T) {
		d := look(t, figure.Schedule{Start: start, Now: after(time.Minute), Expires: after(24 * time.Hour)}.Draw())
		if want := "expires +1d010s1m10mnow"; d.shown != want {
			t.Errorf("got %q, want %q", d.shown, want)
		}
	})
}

// FuzzFigures: no numbers make a figure that is not one.
func FuzzFigures(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0, 5.0, int64(7), int64(8), 9, 10)
	f.Add(math.NaN(), math.Inf(1), math.Inf(-1), -1.0, math.MaxFloat64, int64(math.MaxInt64), int64(math.MinInt64), math.MaxInt, math.MinInt)
	f.Fuzz(func(t *testing.T, dns, connect, tls, first, took float64, one, two int64, delivered, failed int) {
		look(t, figure.Waterfall(figure.Timing{DNS: dns, Connect: connect, TLS: tls, FirstByte: first, Took: took}))
		look(t, figure.Sparkline([]figure.Hour{{delivered, failed}, {failed, delivered}}))
		at := time.Unix(one, two)
		look(t, figure.Schedule{Start: at, Now: time.Unix(two, one), Made: []figure.Mark{{At: time.Unix(one/2, 0)}}, Ahead: []time.Time{time.Unix(two/2, 0)}, Expires: at.Add(time.Duration(two))}.Draw())
	})
}
