// Package unit reads and writes durations and sizes the way people write them: 15s,
// 1h30m, 64KiB. A Parse function reads the text of its Format function back to the same
// value. The configuration and the command line share these forms.
package unit

import (
	"strconv"
	"strings"
	"time"
)

// unit is the name of a unit and its size.
type unit struct {
	name string
	size int64
}

// durations are the units of a duration, the largest first.
func durations() []unit {
	return []unit{
		{"d", int64(24 * time.Hour)},
		{"h", int64(time.Hour)},
		{"m", int64(time.Minute)},
		{"s", int64(time.Second)},
		{"ms", int64(time.Millisecond)},
	}
}

// sizes are the units of a size, the largest first.
func sizes() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"TB", 1e12},
		{"GiB", 1 << 30}, {"GB", 1e9},
		{"MiB", 1 << 20}, {"MB", 1e6},
		{"KiB", 1 << 10}, {"KB", 1e3},
		{"B", 1},
	}
}

// ParseDuration reads 15s, 30d, or a sum such as 1h30m, larger units first.
func ParseDuration(s string) (time.Duration, bool) {
	if s == "0" {
		return 0, true
	}
	if s == "" {
		return 0, false
	}
	var sum int64
	units := durations()
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		n, ok := Number(s[:digits])
		s = s[digits:]
		name := s[:len(s)-len(strings.TrimLeft(s, "dhms"))]
		for len(units) > 0 && units[0].name != name {
			units = units[1:]
		}
		if !ok || len(units) == 0 || n > (1<<62)/units[0].size {
			return 0, false
		}
		if sum += n * units[0].size; sum < 0 {
			return 0, false
		}
		s, units = s[len(name):], units[1:]
	}
	return time.Duration(sum), true
}

// ParseSize reads 64KiB or 500MB.
func ParseSize(s string) (int64, bool) {
	if s == "0" {
		return 0, true
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, ok := Number(s[:digits])
	for _, u := range sizes() {
		if ok && u.name == s[digits:] && n <= (1<<62)/u.size {
			return n * u.size, true
		}
	}
	return 0, false
}

// Number reads decimal digits.
func Number(digits string) (int64, bool) {
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// FormatDuration writes what ParseDuration reads. One day is 24h, as the default
// of retry and its documentation have it.
func FormatDuration(d time.Duration) string {
	switch d {
	case 0:
		return "0"
	case 24 * time.Hour:
		return "24h"
	}
	var b strings.Builder
	for _, u := range durations() {
		if n := int64(d) / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10) + u.name)
			d -= time.Duration(n * u.size)
		}
	}
	return b.String()
}

// FormatSize writes what ParseSize reads, in the largest unit that says it
// exactly.
func FormatSize(n int64) string {
	for _, u := range sizes() {
		if n > 0 && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return "0"
}
