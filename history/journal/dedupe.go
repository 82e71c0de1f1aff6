package journal

import (
	"slices"

	"sidehook/history"
	"sidehook/history/queue"
)

// dedupeAndNumber gives the new records of a batch their numbers and finds the
// events that the others repeat. It returns the deliveries that the new records begin, until
// it is called again. The events among them are in the window until it keeps or drops them.
func (c *committer) dedupeAndNumber(b *batch) []queue.Published {
	most := 0
	for _, r := range b.requests {
		most += len(r.records)
	}
	now := c.clock.Stamp(history.Seq(c.writer.Next()), most)
	defer func() { c.clock.Stamped(history.Seq(c.writer.Next())) }()
	c.fresh = slices.Grow(c.fresh[:0], most)
	for _, r := range b.requests {
		if r.err = c.dedupeRequest(r, history.Seq(c.writer.Next())); r.err != nil {
			continue
		}
		for i := range r.records {
			if r.receipts[i].Duplicate {
				continue
			}
			rec := &r.records[i]
			number, location := c.writer.Add(now, rec.head, rec.tail)
			c.fresh = append(c.fresh, rec.published(history.Seq(number), now, location))
		}
	}
	return c.fresh
}

// dedupeRequest makes the receipts of a request whose new records have the numbers from
// next on, and adds its new events to the window. A request with the source and id of
// another event, and with different content, is refused as a whole.
func (c *committer) dedupeRequest(r *request, next history.Seq) error {
	before := c.window.Added()
	r.receipts = r.receipt[:]
	if len(r.records) != 1 {
		r.receipts = make([]history.Receipt, len(r.records))
	}
	for i := range r.records {
		rec := &r.records[i]
		if !rec.refers() {
			old, ok := c.window.Find(rec.identity)
			if ok && !old.SameContent(rec.identity) {
				c.window.Drop(before)
				r.receipts = nil
				return &history.ConflictError{Index: i}
			}
			if ok {
				r.receipts[i] = c.window.Receipt(old)
				continue
			}
			c.window.Add(c.window.Event(rec.identity, next, rec.to))
		}
		r.receipts[i] = history.Receipt{Seq: next, To: rec.to}
		next++
	}
	return nil
}

// refuse answers the requests of a batch that there was no room for. One that only
// repeats events needs none.
func (c *committer) refuse(b *batch, err error) {
	err = noRoom(err)
	for _, r := range b.requests {
		c.window.Drop(0)
		r.err = c.dedupeRequest(r, 0)
		isFresh := func(x history.Receipt) bool { return !x.Duplicate }
		if r.err == nil && slices.ContainsFunc(r.receipts, isFresh) {
			r.receipts, r.err = nil, err
		}
	}
	c.window.Drop(0)
}
