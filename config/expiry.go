package config

import (
	"strings"
	"time"

	"sidehook/config/unit"
)

// Backlog is the limit of the waiting events of a webhook: an age or a size. The
// zero Backlog is no limit.
type Backlog struct {
	Age  time.Duration // since acceptance
	Size int64         // bytes of all of them together
}

// none is the word for a limit or an order that is not wanted.
const none = "none"

// The bounds of an age and of a size.
const (
	leastAge, mostAge         = time.Second, 365 * 24 * time.Hour
	leastBacklog, mostBacklog = 1 << 10, 1 << 40
)

func (b Backlog) show() any {
	if b == (Backlog{}) {
		return nil
	}
	return b.String()
}

// String writes what readMaxBacklog reads.
func (b Backlog) String() string {
	switch {
	case b.Age > 0:
		return unit.FormatDuration(b.Age)
	case b.Size > 0:
		return unit.FormatSize(b.Size)
	}
	return none
}

// readMaxBacklog reads an age or a size; the unit tells which.
func readMaxBacklog(l *loader, v *value, into *Backlog) {
	t, ok := l.Known(v)
	if !ok {
		return
	}
	*into = Backlog{}
	age, isAge := unit.ParseDuration(t.String())
	size, isSize := unit.ParseSize(t.String())
	switch _, bare := unit.Number(t.String()); {
	case t.String() == none:
	case bare:
		hint := ""
		if !t.Hidden() && strings.Trim(t.String(), "0") != "" {
			hint = "add a unit: " + t.String() + "s is an age, " + t.String() + "KiB a size"
		}
		l.Fail(v, "must be an age such as 1h or 7d, or a size such as 100MiB, not "+t.Show(), hint)
	case isAge && leastAge <= age && age <= mostAge:
		into.Age = age
	case isAge:
		l.Fail(v, "must be an age of "+unit.FormatDuration(leastAge)+" to "+unit.FormatDuration(mostAge)+", not "+t.Show(), "")
	case isSize && leastBacklog <= size && size <= mostBacklog:
		into.Size = size
	case isSize:
		l.Fail(v, "must be a size of "+unit.FormatSize(leastBacklog)+" to "+unit.FormatSize(mostBacklog)+", not "+t.Show(), "")
	default:
		l.Fail(v, "must be an age such as 1h or 7d, a size such as 100MiB, or none, not "+t.Show(), "")
	}
}
