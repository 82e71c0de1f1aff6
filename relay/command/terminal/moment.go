package terminal

import (
	"strings"
	"time"
)

// Layouts of times.
const (
	TableTime = "2006-01-02 15:04:05"
	ZonedTime = TableTime + " -07:00"
	FullTime  = TableTime + ".000 -07:00"
	Offset    = "-07:00"
)

// Local formats a time in the local zone, "" for the zero time.
func Local(at time.Time, layout string) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format(layout)
}

// TimeHead returns the head of a column of times, which names their zone.
func TimeHead(name string, now time.Time) string { return name + " " + Local(now, Offset) }

// InColumn formats a time for a column under TimeHead. One that the zone's clocks had
// another offset at, because of summer time, names it.
func InColumn(at, now time.Time, layout string) string {
	if !at.IsZero() && Local(at, Offset) != Local(now, Offset) {
		layout += " " + Offset
	}
	return Local(at, layout)
}

// ParseTime reads a time as Local and InColumn write it: a day, a day and a time, or
// a time alone, which is the latest such time that has passed. A time without a zone
// is in the local one.
func ParseTime(text string, now time.Time) (time.Time, bool) {
	if strings.Contains(text, ",") { // package time takes it for a period
		return time.Time{}, false
	}
	for _, zone := range []string{"", "Z07:00", " Z07:00", " MST"} {
		for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
			if at, ok := parseIn(layout+zone, text); ok {
				return at, true
			}
		}
		for _, layout := range []string{"15:04", "15:04:05"} {
			at, ok := parseIn("2006-01-02 "+layout+zone, now.Local().Format("2006-01-02 ")+text)
			if !ok {
				continue
			}
			// The day of another zone may be the one before or after.
			at = at.AddDate(0, 0, 1)
			for at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, true
		}
	}
	return time.Time{}, false
}

// parseIn reads a time. It refuses the name of a zone that is neither UTC nor the
// local one: a name says too little.
func parseIn(layout, text string) (time.Time, bool) {
	at, err := time.ParseInLocation(layout, text, time.Local)
	named := strings.HasSuffix(layout, "MST")
	return at, err == nil && !(named && at.Location() != time.Local && at.Location() != time.UTC)
}
