package event

import "time"

// ParseTime reads a date-time of RFC 3339, and reports false for any other text. It cuts
// a fraction after nanoseconds. A leap second becomes the moment after it, and may only
// be at the end of a month in UTC.
func ParseTime(text string) (time.Time, bool) { return parseTime([]byte(text)) }

func parseTime(b []byte) (time.Time, bool) {
	const seconds = len("2026-11-23T14:55:00")
	if len(b) <= seconds || b[4] != '-' || b[7] != '-' || b[10]|0x20 != 't' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	year, month := decimal(b[:4]), decimal(b[5:7])
	if year < 0 || !within(b[5:7], 1, 12) || !within(b[8:10], 1, daysIn(year, month)) ||
		!within(b[11:13], 0, 23) || !within(b[14:16], 0, 59) || !within(b[17:19], 0, 60) {
		return time.Time{}, false
	}
	fraction, zone, ok := cutFraction(b[seconds:])
	if !ok {
		return time.Time{}, false
	}
	offset, ok := parseOffset(zone)
	if !ok {
		return time.Time{}, false
	}
	second := decimal(b[17:19])
	t := time.Date(year, time.Month(month), decimal(b[8:10]), decimal(b[11:13]), decimal(b[14:16]), min(second, 59), fraction, time.UTC).Add(-offset)
	if second == 60 {
		if t.Hour() != 23 || t.Minute() != 59 || t.AddDate(0, 0, 1).Day() != 1 {
			return time.Time{}, false
		}
		t = t.Add(time.Second)
	}
	return t, true
}

// cutFraction reads the fraction of a second that b may begin with.
func cutFraction(b []byte) (nanoseconds int, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, b, true
	}
	n := 1
	for unit := int(time.Second) / 10; n < len(b) && isDigit(b[n]); n++ {
		nanoseconds += unit * int(b[n]-'0')
		unit /= 10
	}
	return nanoseconds, b[n:], n > 1
}

// parseOffset returns the offset of a zone from UTC, positive to the east.
func parseOffset(zone []byte) (time.Duration, bool) {
	switch len(zone) {
	case len("Z"):
		return 0, zone[0]|0x20 == 'z'
	case len("+00:00"):
		if zone[0] != '+' && zone[0] != '-' || !within(zone[1:3], 0, 23) || zone[3] != ':' || !within(zone[4:6], 0, 59) {
			return 0, false
		}
		east := time.Duration(decimal(zone[1:3]))*time.Hour + time.Duration(decimal(zone[4:6]))*time.Minute
		if zone[0] == '-' {
			east = -east
		}
		return east, true
	}
	return 0, false
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func within(digits []byte, low, high int) bool {
	n := decimal(digits)
	return low <= n && n <= high
}

// decimal returns a number, or -1 if b has anything but digits.
func decimal(b []byte) int {
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func isDigit(c byte) bool { return c-'0' < 10 }

// isBase64 reports whether b is base64 in the standard alphabet, with its padding.
func isBase64(b []byte) bool {
	if len(b)%4 != 0 {
		return false
	}
	for range 2 {
		if n := len(b); n > 0 && b[n-1] == '=' {
			b = b[:n-1]
		}
	}
	// A bit for each byte of the alphabet, because branches on data are slow.
	const (
		low  = 1<<'+' | 1<<'/' | (1<<10-1)<<'0'
		high = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64)
	)
	alphabet := [4]uint64{low, high}
	for _, c := range b {
		if alphabet[c>>6]>>(c&63)&1 == 0 {
			return false
		}
	}
	return true
}
