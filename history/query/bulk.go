package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
)

// MaxBulk is how many deliveries are made again by one call at most.
const MaxBulk = 1_000_000

// Bulk says which deliveries are to be made again: those whose end matches all
// that is given. A delivery is that of an event to a webhook, its resends
// included, and how it ended is what the newest of them came to. While that one
// waits, it has not ended.
type Bulk struct {
	Webhooks []string // any of them; none: any at all
	Type     Glob
	Statuses []history.Status // any of them, all of them ends
	Since    time.Time        // they ended at or behind it
	Until    time.Time        // and ahead of it; zero: no bound
	// To is the webhook that gets them in place of their own, "" for their own.
	// What it was sent again for in place of one of them since that ended counts
	// as that one's end: so what it has got is not sent to it twice.
	To string
}

// Ends are the statuses that end a delivery.
func Ends() []history.Status {
	return slices.DeleteFunc(Statuses(), func(s history.Status) bool { return s == history.Retrying })
}

// Undelivered are the ends of a delivery that did not arrive.
func Undelivered() []history.Status {
	return slices.DeleteFunc(Ends(), func(s history.Status) bool { return s == history.Delivered })
}

// Matches are the deliveries that a Bulk is about.
type Matches struct {
	Count int // also if there are more than MaxBulk
	Gone  int // more that match, whose events retention has removed

	List    []Again // in the order of acceptance; MaxBulk of them at most
	Targets numbered
}

// Again is a delivery to be made again. It is small, as there may be many.
type Again struct {
	Of history.Seq
	To int // in webhooks
}

func compareAgain(a, b Again) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.To, b.To)) }

// numbered are names, each with a number.
type numbered struct {
	List    []string
	numbers map[string]int
}

func (n *numbered) number(name string) int {
	i, ok := n.numbers[name]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]int{}
		}
		i = len(n.List)
		n.numbers[name] = i
		n.List = append(n.List, name)
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
func (r *Reader) Bulk(ctx context.Context, b Bulk) (Matches, error) {
	c := &bulkSearch{Reader: r, Bulk: b, ctx: ctx}
	var err error
	if c.removed, err = files.LoadRemoved(r.events.FS, segment.Events); err != nil {
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
	slices.SortFunc(c.List, compareAgain)
	// A renamed webhook has two deliveries of an event that both names were to get.
	if list := slices.Compact(c.List); c.Count <= MaxBulk {
		c.List, c.Count = list, len(list)
	}
	return c.Matches, nil
}

// bulkSearch is the search for what a Bulk is about.
type bulkSearch struct {
	*Reader
	Bulk
	Matches
	ctx     context.Context
	removed seqset.Set[uint64]
	resends []resent             // in the order of their events, then by webhook and seq
	spare   map[history.Seq]bool // resends to To that came to what is sent again
}

// wants reports whether deliveries to a webhook are asked for.
func (c *bulkSearch) wants(webhook string) bool {
	return len(c.Webhooks) == 0 || slices.Contains(c.Webhooks, webhook)
}

// readSpare reads which resends to To came to what is to be sent again.
func (c *bulkSearch) readSpare() error {
	c.spare = map[history.Seq]bool{}
	return c.attempts(Query{Webhook: c.To, Type: c.Type, Statuses: c.Statuses, Since: c.Since}, func(o *history.DeliveryRecord) {
		if o.Resend {
			c.spare[o.Seq] = true
		}
	})
}

func (c *bulkSearch) attempts(q Query, visit func(*history.DeliveryRecord)) error {
	err := c.Attempts(q, func(o *history.DeliveryRecord) bool {
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
	err := c.attempts(q, func(o *history.DeliveryRecord) {
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
		if c.removed.Has(uint64(of)) {
			c.Gone++
			return
		}
		if c.Count++; c.Count <= MaxBulk {
			c.List = append(c.List, Again{of, c.Targets.number(to)})
		}
	})
	return errors.Join(err, failed)
}

// eventOf is the seq of the event that an attempt is about. It is false if that
// is not to be had, or the event of a test, which nobody is sent in bulk.
func (c *bulkSearch) eventOf(o *history.DeliveryRecord) (seq history.Seq, ok bool, err error) {
	if !o.Resend && o.Of == 0 {
		return o.Seq, true, nil
	}
	if o.Of != 0 && !strings.HasPrefix(o.Type, event.OwnPrefix) {
		return o.Of, true, nil
	}
	a, err := c.Event(EventRef{Seq: cmp.Or(o.Of, o.Seq)})
	switch {
	case err == nil:
		return a.Seq, a.Test == "", nil
	case segment.IsDamage(err):
		return o.Of, o.Of != 0 && c.removed.Has(uint64(o.Of)), nil
	}
	return 0, false, err
}

// TooManyError says that more deliveries match than are made again by one call.
type TooManyError struct{ Count int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d deliveries match, and at most %d are sent again by one call", e.Count, MaxBulk)
}
