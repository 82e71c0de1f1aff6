package event

// isTime is whether b is a date-time of RFC 3339, which knows leap seconds
// and lower-case letters too.
func isTime(b []byte) bool {
	const seconds = len("2026-11-23T14:55:00")
	if len(b) <= seconds || b[4] != '-' || b[7] != '-' || b[10]|0x20 != 't' || b[13] != ':' || b[16] != ':' {
		return false
	}
	year, month := decimal(b[:4]), decimal(b[5:7])
	if year < 0 || !within(b[5:7], 1, 12) || !within(b[8:10], 1, daysIn(year, month)) ||
		!within(b[11:13], 0, 23) || !within(b[14:16], 0, 59) || !within(b[17:19], 0, 60) {
		return false
	}
	zone := b[seconds:]
	if zone[0] == '.' {
		n := 1
		for n < len(zone) && isDigit(zone[n]) {
			n++
		}
		if n == 1 {
			return false
		}
		zone = zone[n:]
	}
	switch len(zone) {
	case len("Z"):
		return zone[0]|0x20 == 'z'
	case len("+00:00"):
		return (zone[0] == '+' || zone[0] == '-') && within(zone[1:3], 0, 23) && zone[3] == ':' && within(zone[4:6], 0, 59)
	}
	return false
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

// decimal is -1 where b has anything but digits.
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

// isBase64 is whether b is base64 in the standard alphabet, with its padding.
func isBase64(b []byte) bool {
	if len(b)%4 != 0 {
		return false
	}
	for range 2 {
		if n := len(b); n > 0 && b[n-1] == '=' {
			b = b[:n-1]
		}
	}
	// A bit for each byte of the alphabet, since to branch on data is slow.
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
