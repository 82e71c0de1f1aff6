package pacing

import (
	"strings"
	"time"

	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// Backlog is the limit of the waiting events of a webhook: an age or a size. The
// zero Backlog has no limit.
type Backlog struct {
	Age  time.Duration // since acceptance
	Size int64         // bytes of all of them together
}

// None is the word for a limit or an order that is not wanted.
const None = "none"

// The bounds of an age and of a size.
const (
	LeastAge, MostAge         = time.Second, 365 * 24 * time.Hour
	leastBacklog, mostBacklog = 1 << 10, 1 << 40
)

// String writes what ReadBacklog reads.
func (b Backlog) String() string {
	switch {
	case b.Age > 0:
		return unit.FormatDuration(b.Age)
	case b.Size > 0:
		return unit.FormatSize(b.Size)
	}
	return None
}

// ReadBacklog reads an age or a size; the unit tells which.
func ReadBacklog(r *yamlnode.Reader, v *yamlnode.Value, into *Backlog) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	*into = Backlog{}
	age, isAge := unit.ParseDuration(t.String())
	size, isSize := unit.ParseSize(t.String())
	switch _, bare := unit.Number(t.String()); {
	case t.String() == None:
	case bare:
		hint := ""
		if !t.Hidden() && strings.Trim(t.String(), "0") != "" {
			hint = "add a unit: " + t.String() + "s is an age, " + t.String() + "KiB a size"
		}
		r.Fail(v, "must be an age such as 1h or 7d, or a size such as 100MiB, not "+t.Show(), hint)
	case isAge && LeastAge <= age && age <= MostAge:
		into.Age = age
	case isAge:
		r.Fail(v, "must be an age of "+unit.FormatDuration(LeastAge)+" to "+unit.FormatDuration(MostAge)+", not "+t.Show(), "")
	case isSize && leastBacklog <= size && size <= mostBacklog:
		into.Size = size
	case isSize:
		r.Fail(v, "must be a size of "+unit.FormatSize(leastBacklog)+" to "+unit.FormatSize(mostBacklog)+", not "+t.Show(), "")
	default:
		r.Fail(v, "must be an age such as 1h or 7d, a size such as 100MiB, or none, not "+t.Show(), "")
	}
}
