// Package measure writes counts, sizes, times and lengths of time for people, in a few
// characters. The commands and the console call it.
package measure

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Millis formats a latency in milliseconds with about three digits: 0.31ms,
// 12.4ms, 1.25s.
func Millis(ms float64) string {
	switch {
	case ms >= 60_000:
		return time.Duration(ms * float64(time.Millisecond)).Round(time.Second).String()
	case ms >= 1000:
		return digits(ms/1000) + "s"
	}
	return digits(ms) + "ms"
}

func digits(f float64) string {
	places := 2
	if f >= 100 {
		places = 0
	} else if f >= 10 {
		places = 1
	}
	return strconv.FormatFloat(f, 'f', places, 64)
}

// Span formats a length of time with one or two units: 45s, 5m, 3h20m, 2d4h.
func Span(d time.Duration) string {
	seconds := int(d.Abs().Round(time.Second).Seconds())
	pair := func(unit int, name string, subunit int, subname string) string {
		text := strconv.Itoa(seconds/unit) + name
		if rest := seconds % unit / subunit; rest > 0 {
			text += strconv.Itoa(rest) + subname
		}
		return text
	}
	switch {
	case seconds < 60:
		return strconv.Itoa(seconds) + "s"
	case seconds < 3600:
		return pair(60, "m", 1, "s")
	case seconds < 86_400:
		return pair(3600, "h", 60, "m")
	}
	return pair(86_400, "d", 3600, "h")
}

// Size formats a number of bytes: 512 B, 3.4 KiB.
func Size(bytes int64) string {
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	f, unit := float64(bytes)/1024, 0
	for ; f >= 1024 && unit < 3; unit++ {
		f /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit])
}

// Count formats a number of things: 1 line, 2 lines, 1 delivery, 2 deliveries.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	plural := thing + "s"
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		plural = stem + "ies"
	}
	return strconv.Itoa(n) + " " + plural
}

// Moment formats a time in the local zone, with its offset; "" for the zero time.
func Moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05 -07:00")
}
