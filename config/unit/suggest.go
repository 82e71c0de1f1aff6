package unit

import (
	"strconv"
	"strings"
	"time"
)

// SuggestDuration returns the duration that an invalid text most likely means, such as 30
// without a unit, 5 days or 1w; "" if nothing is near. A bare number counts in days where
// a year is allowed, and in seconds elsewhere.
func SuggestDuration(s string, most time.Duration) string {
	n, word, ok := numberAndWord(s)
	if !ok {
		return ""
	}
	size := time.Second
	switch {
	case word == "" && most >= 365*24*time.Hour:
		size = 24 * time.Hour
	case word == "", word == "sec", word == "secs", word == "second", word == "seconds", word == "s":
	case word == "min", word == "mins", word == "minute", word == "minutes", word == "m":
		size = time.Minute
	case word == "hour", word == "hours", word == "hr", word == "hrs", word == "h":
		size = time.Hour
	case word == "day", word == "days", word == "d":
		size = 24 * time.Hour
	case word == "week", word == "weeks", word == "w":
		size = 7 * 24 * time.Hour
	case word == "year", word == "years", word == "y":
		size = 365 * 24 * time.Hour
	default:
		return ""
	}
	if n > int64(most/size) {
		return ""
	}
	return FormatDuration(time.Duration(n) * size)
}

// SuggestSize is SuggestDuration for a size. A bare number counts in bytes where so
// few are allowed, and else in the largest unit of which one is allowed.
func SuggestSize(s string, least, most int64) string {
	n, word, ok := numberAndWord(s)
	if !ok {
		return ""
	}
	units := map[string]int64{"b": 1, "byte": 1, "bytes": 1, "k": 1 << 10, "kb": 1e3, "kib": 1 << 10, "m": 1 << 20, "mb": 1e6, "mib": 1 << 20, "g": 1 << 30, "gb": 1e9, "gib": 1 << 30}
	size, known := units[word]
	switch {
	case word == "" && n >= max(least, 1<<10):
		size = 1
	case word == "":
		for size = 1 << 40; size > most && size > 1; size >>= 10 {
		}
	case !known:
		return ""
	}
	if n > most/size {
		return ""
	}
	return FormatSize(n * size)
}

// numberAndWord takes a text such as 5 days apart. The word is in lower case.
func numberAndWord(s string) (n int64, word string, ok bool) {
	s = strings.TrimSpace(s)
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	return n, strings.ToLower(strings.TrimSpace(s[digits:])), err == nil && n > 0
}
