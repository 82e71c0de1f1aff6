package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/history/event"
	"sidehook/history/segment"
)

// MaxBulk is how many deliveries are made again by one call at most.
const MaxBulk = 1_000_000

// Bulk says which deliveries are to be made again: those whose end matches all
// that is given. A delivery is that of an event to a webhook, its resends
// included, and how it ended is what the newest of them came to. While that one
// waits, it has not ended.
type Bulk struct {
	Webhooks []string // any of them; none: any at all
	Type     string
	Statuses []Status  // any of them, all of them ends
	Since    time.Time // they ended at or behind it
	Until    time.Time // and ahead of it; zero: no bound
	// To is the webhook that gets them in place of their own, "" for their own.
	// What it was sent again for in place of one of them since that ended counts
	// as that one's end: so what it has got is not sent to it twice.
	To string
}

// Ends are the statuses that end a delivery.
func Ends() []Status {
	return slices.DeleteFunc(Statuses(), func(s Status) bool { return s == Retrying })
}

// Undelivered are the ends of a delivery that did not arrive.
func Undelivered() []Status {
	return slices.DeleteFunc(Ends(), func(s Status) bool { return s == Delivered })
}

// Matches are the deliveries that a Bulk is about.
type Matches struct {
	Count int // also if there are more than MaxBulk
	Gone  int // more that match, whose events retention has removed

	list     []again // in the order of acceptance; MaxBulk of them at most
	webhooks numbered
}

// again is a delivery to be made again. It is small, as there may be many.
type again struct {
	of uint64
	to int // in webhooks
}

func compareAgain(a, b again) int { return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.to, b.to)) }

// numbered are names, each with a number.
type numbered struct {
	list    []string
	numbers map[string]int
}

func (n *numbered) number(name string) int {
	i, ok := n.numbers[name]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]int{}
		}
		i = len(n.list)
		n.numbers[name] = i
		n.list = append(n.list, name)
	}
	return i
}

// Bulk finds the deliveries that b is about, by the indexes where there are
// some. It holds a few words for each, and for each resend since then.
//
// Nothing of a delivery is recorded behind its end but by a resend of it, so
// that an end is the newest if no resend of the event to the webhook has a
// higher seq. One that was asked for while another waited may be older than
// Since and not be seen: then the event is sent once more than it had to be.
func (r *Reading) Bulk(ctx context.Context, b Bulk) (Matches, error) {
	c := &bulkSearch{Reading: r, Bulk: b, ctx: ctx}
	var err error
	if c.removed, err = loadRemoved(r.events.fs, segment.Events); err != nil {
		return c.Matches, err
	}
	if err := c.readResends(); err != nil {
		return c.Matches, err
	}
	if b.To != "" {
		if err := c.readSpare(); err != nil {
			return c.Matches, err
		}
	}
	if err := c.readEnds(); err != nil {
		return c.Matches, err
	}
	slices.SortFunc(c.list, compareAgain)
	// A renamed webhook has two deliveries of an event that both names were to get.
	if list := slices.Compact(c.list); c.Count <= MaxBulk {
		c.list, c.Count = list, len(list)
	}
	return c.Matches, nil
}

// bulkSearch is the search for what a Bulk is about.
type bulkSearch struct {
	*Reading
	Bulk
	Matches
	ctx     context.Context
	removed ranges
	resends []resent        // in the order of their events, then by webhook and seq
	spare   map[uint64]bool // resends to To that came to what is sent again
}

// wants says whether deliveries to a webhook are asked for.
func (c *bulkSearch) wants(webhook string) bool {
	return len(c.Webhooks) == 0 || slices.Contains(c.Webhooks, webhook)
}

// readSpare reads which resends to To came to what is to be sent again.
func (c *bulkSearch) readSpare() error {
	c.spare = map[uint64]bool{}
	return c.attempts(Query{Webhook: c.To, Type: c.Type, Statuses: c.Statuses, Since: c.Since}, func(o *Outcome) {
		if o.Resend {
			c.spare[o.Seq] = true
		}
	})
}

func (c *bulkSearch) attempts(q Query, visit func(*Outcome)) error {
	err := c.Attempts(q, func(o *Outcome) bool {
		visit(o)
		return c.ctx.Err() == nil
	})
	return errors.Join(err, c.ctx.Err())
}

// readEnds reads which deliveries ended so, and takes those whose newest end it
// is.
func (c *bulkSearch) readEnds() error {
	q := Query{Type: c.Type, Statuses: c.Statuses, Since: c.Since, Until: c.Until}
	if len(c.Webhooks) == 1 {
		q.Webhook = c.Webhooks[0]
	}
	var failed error
	err := c.attempts(q, func(o *Outcome) {
		if o.Test || o.RenamedTo != "" || !c.wants(o.Webhook) || failed != nil {
			return
		}
		of, ok, err := c.eventOf(o)
		if failed = err; !ok || c.last(of, o.Webhook) > o.Seq {
			return
		}
		to := cmp.Or(c.To, o.Webhook)
		if last := c.last(of, to); to != o.Webhook && last > o.Seq && !c.spare[last] {
			return
		}
		if c.removed.has(of) {
			c.Gone++
			return
		}
		if c.Count++; c.Count <= MaxBulk {
			c.list = append(c.list, again{of, c.webhooks.number(to)})
		}
	})
	return errors.Join(err, failed)
}

// eventOf is the seq of the event that an attempt is about. It is false if that
// is not to be had, or the event of a test, which nobody is sent in bulk.
func (c *bulkSearch) eventOf(o *Outcome) (seq uint64, ok bool, err error) {
	if !o.Resend && o.Of == 0 {
		return o.Seq, true, nil
	}
	if o.Of != 0 && !strings.HasPrefix(o.Type, event.OwnPrefix) {
		return o.Of, true, nil
	}
	a, err := c.Event(Which{Seq: cmp.Or(o.Of, o.Seq)})
	switch {
	case err == nil:
		return a.Seq, a.Test == "", nil
	case segment.IsDamage(err):
		return o.Of, o.Of != 0 && c.removed.has(o.Of), nil
	}
	return 0, false, err
}

// TooManyError says that more deliveries match than are made again by one call.
type TooManyError struct{ Count int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d deliveries match, and at most %d are sent again by one call", e.Count, MaxBulk)
}
