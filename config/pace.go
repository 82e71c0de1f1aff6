package config

import (
	"sidehook/config/canonical"
	"sidehook/config/pacing"
)

// none is the word for a limit or an order that is not wanted.
const none = pacing.None

func readOrder(l *loader, v *value, into *pacing.Order) {
	if v.IsMapping() {
		*into = pacing.Order{}
		readKeys(l, l.Pairs(v, ""), []key[pacing.Order]{{name: "by", read: plain(pacing.ReadOrderBy)}}, into)
		if len(v.Node.Content) == 0 {
			l.Fail(v, "is empty", "write order: {by: data.customer.id}")
		}
		return
	}
	pacing.ReadOrder(l.Reader, v, into)
}

func showOrder(o pacing.Order) any {
	switch {
	case o.All:
		return "all"
	case o.By != "":
		return canonical.Inline{{Key: "by", Value: o.By}}
	}
	return nil
}

func showBacklog(b pacing.Backlog) any {
	if b == (pacing.Backlog{}) {
		return nil
	}
	return b.String()
}
