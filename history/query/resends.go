package query

import (
	"cmp"
	"errors"
	"slices"

	"sidehook/history"
)

// resent is a resend of an event to a webhook. It is kept to find the newest delivery of the
// event.
type resent struct {
	Again
	seq history.Seq
}

func compareResent(a, b resent) int {
	return cmp.Or(compareAgain(a.Again, b.Again), cmp.Compare(a.seq, b.seq))
}

// readResends reads which resends there are.
func (c *bulkSearch) readResends() error {
	err := c.Resends(c.Since, func(a *history.EventRecord) bool {
		for _, name := range a.To {
			if name == c.To || c.wants(name) {
				c.resends = append(c.resends, resent{Again{a.Of, c.Targets.number(name)}, a.Seq})
			}
		}
		return c.ctx.Err() == nil
	})
	slices.SortFunc(c.resends, compareResent)
	return errors.Join(err, c.ctx.Err())
}

// last returns the seq of the newest resend of an event to a webhook, 0 if there is
// none.
func (c *bulkSearch) last(of history.Seq, webhook string) history.Seq {
	number, ok := c.Targets.numbers[webhook]
	if !ok {
		return 0
	}
	next := resent{Again{of, number + 1}, 0}
	i, _ := slices.BinarySearchFunc(c.resends, next, compareResent)
	if i == 0 || c.resends[i-1].Again != (Again{of, number}) {
		return 0
	}
	return c.resends[i-1].seq
}

// after returns the resends of an event to a webhook that are newer than a delivery.
func (c *bulkSearch) after(of history.Seq, webhook string, seq history.Seq) []resent {
	number, ok := c.Targets.numbers[webhook]
	if !ok {
		return nil
	}
	key := Again{of, number}
	from, _ := slices.BinarySearchFunc(c.resends, resent{key, seq + 1}, compareResent)
	to := from
	for to < len(c.resends) && c.resends[to].Again == key {
		to++
	}
	return c.resends[from:to]
}
