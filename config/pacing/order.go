package pacing

import (
	"strconv"
	"strings"

	"sidehook/config/yamlnode"
)

// Order is the order in which deliveries are made. The zero Order is none.
type Order struct {
	All bool   // one at a time, in the order of acceptance
	By  string // one at a time of each key: the path of the key in the event
}

// IsZero reports whether it is none.
func (o Order) IsZero() bool { return o == Order{} }

// ReadOrder reads an order that is a word.
func ReadOrder(r *yamlnode.Reader, v *yamlnode.Value, into *Order) {
	t, ok := r.Known(v)
	switch {
	case !ok:
	case t.String() == None:
		*into = Order{}
	case t.String() == "all":
		*into = Order{All: true}
	default:
		r.Fail(v, "must be none, all or {by: PATH}, not "+t.Show(), r.Suggest(t, []string{"none", "all"}))
	}
}

// ReadOrderBy reads a path: an attribute of the event, or names inside its data.
func ReadOrderBy(r *yamlnode.Reader, v *yamlnode.Value, into *Order) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	names := strings.Split(t.String(), ".")
	for _, name := range names {
		if name == "" || yamlnode.HasControl(name) {
			r.Fail(v, "must be names with a dot between two, not "+t.Show(), "write it like data.customer.id")
			return
		}
	}
	switch {
	case len(names) > 1 && names[0] != "data":
		r.Fail(v, "reads inside "+strconv.Quote(names[0])+", but only data has members", "write it like data.customer.id")
	case names[0] != "data" && strings.Trim(names[0], "abcdefghijklmnopqrstuvwxyz0123456789") != "":
		r.Fail(v, "must be an attribute of lower-case letters and digits, or a path in data, not "+t.Show(), "write it like subject or data.customer.id")
	default:
		*into = Order{By: t.String()}
	}
}
