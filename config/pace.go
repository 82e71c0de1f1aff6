package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sidehook/config/canonical"
	"sidehook/config/unit"
)

// Rate is how many requests may be made in a second or a minute. The zero Rate
// is no limit.
type Rate struct {
	Requests int // 1 to 100,000
	Per      time.Duration
}

// mostRequests is the highest rate; above it, no limit has the same effect.
const mostRequests = 100_000

// String writes it as the file does: 100/s, 600/m.
func (r Rate) String() string {
	switch r.Per {
	case time.Second:
		return strconv.Itoa(r.Requests) + "/s"
	case time.Minute:
		return strconv.Itoa(r.Requests) + "/m"
	}
	return ""
}

func readRate(l *loader, v *value, into *Rate) {
	t, ok := l.Known(v)
	if !ok {
		return
	}
	if t.String() == none {
		*into = Rate{}
		return
	}
	digits, per, _ := strings.Cut(t.String(), "/")
	n, isNumber := unit.Number(digits)
	rate := Rate{Requests: int(n)}
	switch per {
	case "s":
		rate.Per = time.Second
	case "m":
		rate.Per = time.Minute
	}
	switch {
	case !isNumber || rate.Per == 0:
		hint := ""
		if isNumber && per == "" && !t.Hidden() {
			hint = "write " + digits + "/s"
		}
		l.Fail(v, "must be a rate such as 100/s or 600/m, not "+t.Show(), hint)
	case n < 1 || n > mostRequests:
		l.Fail(v, fmt.Sprintf("must be 1 to %d requests, not %s", mostRequests, t.Show()), "")
	default:
		*into = rate
	}
}

// Order is the order in which deliveries are made. The zero Order is none.
type Order struct {
	All bool   // one at a time, in the order of acceptance
	By  string // one at a time of each key: the path of the key in the event
}

// IsZero reports whether it is none.
func (o Order) IsZero() bool { return o == Order{} }

func readOrder(l *loader, v *value, into *Order) {
	if v.IsMapping() {
		*into = Order{}
		readKeys(l, l.Pairs(v, ""), []key[Order]{{name: "by", read: readOrderBy}}, into)
		if len(v.Node.Content) == 0 {
			l.Fail(v, "is empty", "write order: {by: data.customer.id}")
		}
		return
	}
	t, ok := l.Known(v)
	switch {
	case !ok:
	case t.String() == none:
		*into = Order{}
	case t.String() == "all":
		*into = Order{All: true}
	default:
		l.Fail(v, "must be none, all or {by: PATH}, not "+t.Show(), l.Suggest(t, []string{"none", "all"}))
	}
}

// readOrderBy reads a path: an attribute of the event, or names inside its data.
func readOrderBy(l *loader, v *value, into *Order) {
	t, ok := l.Known(v)
	if !ok {
		return
	}
	names := strings.Split(t.String(), ".")
	for _, name := range names {
		if name == "" || hasControl(name) {
			l.Fail(v, "must be names with a dot between two, not "+t.Show(), "write it like data.customer.id")
			return
		}
	}
	switch {
	case len(names) > 1 && names[0] != "data":
		l.Fail(v, "reads inside "+strconv.Quote(names[0])+", but only data has members", "write it like data.customer.id")
	case names[0] != "data" && strings.Trim(names[0], "abcdefghijklmnopqrstuvwxyz0123456789") != "":
		l.Fail(v, "must be an attribute of lower-case letters and digits, or a path in data, not "+t.Show(), "write it like subject or data.customer.id")
	default:
		*into = Order{By: t.String()}
	}
}

func (o Order) show() any {
	switch {
	case o.All:
		return "all"
	case o.By != "":
		return canonical.Inline{{Key: "by", Value: o.By}}
	}
	return nil
}
