package config

import (
	"strings"
	"time"
)

// The keys that say when what waits is not worth sending any more.

// Backlog bounds what waits for a webhook, by one of the two; the zero value
// does not.
type Backlog struct {
	Age  time.Duration // since acceptance
	Size int64         // bytes of all of it together
}

// none is said of a bound that is not there.
const none = "none"

// The bounds of an age and of a size.
const (
	leastAge, mostAge         = time.Second, 365 * 24 * time.Hour
	leastBacklog, mostBacklog = 1 << 10, 1 << 40
)

// String writes what readMaxBacklog reads.
func (b Backlog) String() string {
	switch {
	case b.Age > 0:
		return FormatDuration(b.Age)
	case b.Size > 0:
		return formatSize(b.Size)
	}
	return none
}

// readExpireAfter reads how old an event may be and still be sent.
func readExpireAfter(l *loader, v *value, d *partial) {
	switch t, ok := l.known(v); {
	case !ok:
	case t.string == never:
		d.ExpireAfter = 0
	default:
		l.duration(v, leastAge, mostAge, &d.ExpireAfter)
	}
}

// readMaxBacklog reads an age or a size: their units tell which.
func readMaxBacklog(l *loader, v *value, d *partial) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	d.MaxBacklog = Backlog{}
	age, isAge := ParseDuration(t.string)
	size, isSize := parseSize(t.string)
	switch _, bare := number(t.string); {
	case t.string == none:
	case bare:
		hint := ""
		if !t.filled && strings.Trim(t.string, "0") != "" {
			hint = "write its unit: " + t.string + "s is an age, " + t.string + "KiB a size"
		}
		l.fail(v, "must be an age such as 1h or 7d, or a size such as 100MiB, not "+t.show(), hint)
	case isAge && leastAge <= age && age <= mostAge:
		d.MaxBacklog.Age = age
	case isAge:
		l.fail(v, "must be an age of "+FormatDuration(leastAge)+" to "+FormatDuration(mostAge)+", not "+t.show(), "")
	case isSize && leastBacklog <= size && size <= mostBacklog:
		d.MaxBacklog.Size = size
	case isSize:
		l.fail(v, "must be a size of "+formatSize(leastBacklog)+" to "+formatSize(mostBacklog)+", not "+t.show(), "")
	default:
		l.fail(v, "must be an age such as 1h or 7d, a size such as 100MiB, or none, not "+t.show(), "")
	}
}
