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
	"sidehook/history/internal/segment"
)

// MaxBulk is how many deliveries one call resends at most.
const MaxBulk = 1_000_000

// Bulk selects the deliveries to resend: those whose end matches all that is given. A
// delivery here is that of an event to a webhook with its resends, and its end is that
// of the newest of them. While the newest one waits, it has not ended.
type Bulk struct {
	Webhooks []string // any of them; none: any webhook
	Type     Glob
	Statuses []history.Status // any of them, all of them ends
	Since    time.Time        // they ended at that time or later
	Until    time.Time        // and before that time; zero: no bound
	// To is the webhook that gets them instead of their own, "" for their own. A
	// resend to it since the end of one of them counts as that one's end, so that
	// nothing is sent to it twice.
	To string
}

// Matches are the deliveries that a Bulk selects.
type Matches struct {
	Count int // also if there are more than MaxBulk
	Gone  int // more that match, whose events retention has removed

	List    []Again // in the order of acceptance; MaxBulk of them at most
	Targets numbered
}

// Again is a delivery to resend. It is small, because there may be many.
type Again struct {
	Of history.Seq
	To int // in webhooks
}

func compareAgain(a, b Again) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.To, b.To)) }

// numbered has names, each with a number.
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

// Bulk finds the deliveries that b selects, with the indexes where there are some.
func (r *Reader) Bulk(ctx context.Context, b Bulk) (Matches, error) { return FindBulk(ctx, r, b) }

// FindBulk finds the deliveries that b selects. Its memory is a few words for each, and
// for each resend since then.
//
// After its end, only a resend adds records to a delivery. So an end is the newest if no
// resend of the event to the webhook has a higher seq. A resend that was requested while
// another one waited may be older than Since and be missed: then the event is sent once
// more than needed.
func FindBulk(ctx context.Context, r Records, b Bulk) (Matches, error) {
	c, err := newBulkSearch(ctx, r, b)
	if err != nil {
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
	// A renamed webhook has two deliveries of an event that was for both names.
	if list := slices.Compact(c.List); c.Count <= MaxBulk {
		c.List, c.Count = list, len(list)
	}
	return c.Matches, nil
}

// bulkSearch is the search for the deliveries of a Bulk.
type bulkSearch struct {
	Records
	Bulk
	Matches
	ctx     context.Context
	wanted  map[string]bool // the webhooks whose deliveries are selected; nil: any
	removed func(history.Seq) bool
	resends []resent             // in the order of their events, then by webhook and seq
	spare   map[history.Seq]bool // resends to To that ended with a status of the Bulk
}

// newBulkSearch reads which records were removed, and all resends.
func newBulkSearch(ctx context.Context, r Records, b Bulk) (c *bulkSearch, err error) {
	c = &bulkSearch{Records: r, Bulk: b, ctx: ctx}
	if len(b.Webhooks) > 0 {
		c.wanted = make(map[string]bool, len(b.Webhooks))
	}
	for _, name := range b.Webhooks {
		c.wanted[name] = true
	}
	if c.removed, err = r.Removed(); err != nil {
		return c, err
	}
	return c, c.readResends()
}

// wants reports whether deliveries to a webhook are selected.
func (c *bulkSearch) wants(webhook string) bool { return c.wanted == nil || c.wanted[webhook] }

// readSpare reads which resends to To ended with a status of the Bulk.
func (c *bulkSearch) readSpare() error {
	c.spare = map[history.Seq]bool{}
	return c.ended(Query{Webhook: c.To, Type: c.Type, Statuses: c.Statuses, Since: c.Since}, func(e Ended) error {
		if e.Apart != nil && e.Apart.Resend && !e.Apart.Late {
			c.spare[e.Seq] = true
		}
		return nil
	})
}

func (c *bulkSearch) ended(q Query, visit func(Ended) error) error {
	var failed error
	err := c.Ended(q, func(e Ended) bool {
		failed = cmp.Or(visit(e), c.ctx.Err())
		return failed == nil
	})
	return errors.Join(err, failed)
}

// readEnds reads which deliveries ended like that, and lists those that did not end
// again later.
func (c *bulkSearch) readEnds() error {
	q := Query{Type: c.Type, Statuses: c.Statuses, Since: c.Since, Until: c.Until}
	if len(c.Webhooks) == 1 {
		q.Webhook = c.Webhooks[0]
	}
	return c.ended(q, func(e Ended) error {
		if !c.wants(e.Webhook) || e.hasNoEffect() {
			return nil
		}
		of, ok, err := c.eventOf(e)
		if !ok || c.last(of, e.Webhook) > e.Seq {
			return err
		}
		to := cmp.Or(c.To, e.Webhook)
		if last := c.last(of, to); to != e.Webhook && last > e.Seq && !c.spare[last] {
			return nil
		}
		if c.removed(of) {
			c.Gone++
			return nil
		}
		if c.Count++; c.Count <= MaxBulk {
			c.List = append(c.List, Again{of, c.Targets.number(to)})
		}
		return nil
	})
}

// hasNoEffect reports whether the attempt did not end a delivery that was queued.
func (e *Ended) hasNoEffect() bool {
	return e.Apart != nil && (e.Apart.Test || e.Apart.Late || e.Apart.RenamedTo != "")
}

// eventOf returns the seq of the event of an attempt. It reports false if that is not
// available, or is the event of a test, which is never sent in bulk.
func (c *bulkSearch) eventOf(e Ended) (seq history.Seq, ok bool, err error) {
	o := e.Apart
	if o == nil || !o.Resend && o.Of == 0 {
		return e.Seq, true, nil
	}
	if o.Of != 0 && !strings.HasPrefix(o.Type, event.OwnPrefix) {
		return o.Of, true, nil
	}
	a, err := c.Event(EventRef{Seq: cmp.Or(o.Of, o.Seq)})
	switch {
	case err == nil:
		return a.Seq, a.Test == "", nil
	case segment.IsDamage(err):
		return o.Of, o.Of != 0 && c.removed(o.Of), nil
	}
	return 0, false, err
}

// TooManyError is the error if more deliveries match than one call resends.
type TooManyError struct{ Count int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d deliveries match, and at most %d are sent again by one call", e.Count, MaxBulk)
}
