package query

import (
	"context"
	"errors"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/pending"
)

// unresolved is FindUnresolved.
func (r *Reader) unresolved(q Query, visit func(*history.DeliveryRecord) bool) error {
	return FindUnresolved(r, r.waitsFor(), q, visit)
}

// FindUnresolved visits of each delivery that ended without having arrived, and has not
// arrived by a resend since, the attempt that ended it last, the newest first. waits
// reports whether a delivery has not ended.
func FindUnresolved(r Records, waits func(webhook string, seq history.Seq) (bool, error), q Query, visit func(*history.DeliveryRecord) bool) error {
	q.Unresolved = false
	wanted := q.Statuses
	q.Statuses = slices.DeleteFunc(history.Undelivered(), func(s history.Status) bool { return len(wanted) > 0 && !slices.Contains(wanted, s) })
	if len(q.Statuses) == 0 {
		return nil
	}
	b := Bulk{Since: q.Since}
	if q.Webhook != "" {
		b.Webhooks = []string{q.Webhook}
	}
	c, err := newBulkSearch(context.Background(), r, b)
	if err != nil {
		return err
	}
	type delivery struct {
		webhook string
		seq     history.Seq
	}
	visited := map[delivery]bool{} // after a crash a line may be there twice
	var failed error
	err = r.Attempts(q, func(o *history.DeliveryRecord) bool {
		ended := EndedBy(o)
		if ended.hasNoEffect() || visited[delivery{o.Webhook, o.Seq}] {
			return true
		}
		of, ok, err := c.eventOf(ended)
		if failed = err; !ok {
			return err == nil
		}
		if later := c.after(of, o.Webhook, o.Seq); len(later) > 1 {
			return true
		} else if len(later) == 1 {
			// The newest of them has ended, and is met by itself or has arrived, or
			// it waits: then this is the newest that has ended.
			wait, err := waits(o.Webhook, later[0].seq)
			if failed = err; !wait {
				return err == nil
			}
		}
		visited[delivery{o.Webhook, o.Seq}] = true
		return visit(o)
	})
	return errors.Join(err, failed)
}

// waitsFor returns a function that reports whether a delivery has not ended. It reads the
// checkpoint when it is first called; without one each delivery is looked up.
func (r *Reader) waitsFor() func(webhook string, seq history.Seq) (bool, error) {
	var p *pending.Waiting
	known := false
	return func(webhook string, seq history.Seq) (bool, error) {
		if p == nil {
			var err error
			if p, known, err = r.loadWaiting(); err != nil {
				return false, err
			}
		}
		if known {
			return p.Wait(webhook, seq), nil
		}
		traces := map[history.Seq]*EventTrace{seq: {}}
		err := r.addOutcomes(traces)
		status := traces[seq].outcomeOf(seq)
		return status == Pending || status == history.Retrying, err
	}
}
