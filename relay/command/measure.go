package command

import (
	"fmt"
	"strconv"
	"time"
)

// How times and amounts read.
const (
	inTable = "2006-01-02 15:04:05"
	inFull  = "2006-01-02 15:04:05.000 MST"
)

func local(at time.Time, layout string) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format(layout)
}

// millis reads milliseconds with three digits or so: 0.31ms, 12.4ms, 1.25s.
func millis(ms float64) string {
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

// span is a length of time with one unit, or two: 45s, 5m, 3h20m, 2d4h.
func span(d time.Duration) string {
	d = d.Abs()
	pair := func(big int, unit string, small int, sub string) string {
		if small == 0 {
			return fmt.Sprintf("%d%s", big, unit)
		}
		return fmt.Sprintf("%d%s%d%s", big, unit, small, sub)
	}
	seconds := int(d.Round(time.Second).Seconds())
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return pair(seconds/60, "m", seconds%60, "s")
	case seconds < 86_400:
		return pair(seconds/3600, "h", seconds%3600/60, "m")
	}
	return pair(seconds/86_400, "d", seconds%86_400/3600, "h")
}

// size is a number of bytes: 512 B, 3.4 KiB.
func size(bytes int64) string {
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	f, unit := float64(bytes)/1024, 0
	for ; f >= 1024 && unit < 3; unit++ {
		f /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit])
}

// count is a number of things: 1 line, 2 lines.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
