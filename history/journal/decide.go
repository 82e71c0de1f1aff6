package journal

import (
	"sidehook/history"
)

// decide gives each record its number, or finds the event that it repeats.
func (c *committer) decide(p *pool) (fresh []durable) {
	most := 0
	for _, r := range p.requests {
		most += len(r.records)
	}
	now := c.clock.Stamp(history.Seq(c.writer.Next()), most)
	defer func() { c.clock.Stamped(history.Seq(c.writer.Next())) }()
	news := map[[2]uint64]remembered{}
	known := func(key [2]uint64) (remembered, bool) {
		if r, ok := news[key]; ok {
			return r, true
		}
		return c.seen.find(key)
	}
	for _, r := range p.requests {
		if r.err = conflict(r, known); r.err != nil {
			continue
		}
		r.receipts = make([]history.Receipt, len(r.records))
		for i := range r.records {
			rec := &r.records[i]
			if old, ok := known(rec.key); ok && rec.of == 0 {
				r.receipts[i] = old.receipt
				r.receipts[i].Duplicate = true
				continue
			}
			number, place := c.writer.Add(now, rec.head, rec.tail)
			seq := history.Seq(number)
			r.receipts[i] = history.Receipt{Seq: seq, To: rec.to}
			fresh = append(fresh, durable{rec, seq, now, place})
			if rec.of == 0 {
				news[rec.key] = remembered{rec.identity, r.receipts[i]}
			}
		}
	}
	return fresh
}

// refuseFor answers the requests of a pool that there was no room for, and says
// how many of them needed some: a repeat of what was accepted before does not.
func (c *committer) refuseFor(p *pool, err error) (refused int) {
	err = noRoom(err)
	for _, r := range p.requests {
		if r.receipts, r.err = nil, conflict(r, c.seen.find); r.err != nil {
			continue
		}
		for i := range r.records {
			old, ok := c.seen.find(r.records[i].key)
			if !ok || r.records[i].of != 0 {
				refused++
				r.receipts, r.err = nil, err
				break
			}
			receipt := old.receipt
			receipt.Duplicate = true
			r.receipts = append(r.receipts, receipt)
		}
	}
	return refused
}

// conflict is why a request is refused whole: one of its events, or two of
// them, share source and id with another content.
func conflict(r *request, known func([2]uint64) (remembered, bool)) error {
	var own map[[2]uint64]uint64
	for i := range r.records {
		rec := &r.records[i]
		if rec.of != 0 {
			continue
		}
		if old, ok := known(rec.key); ok && old.content != rec.content {
			return &history.ConflictError{Index: i}
		}
		if len(r.records) == 1 {
			break
		}
		if content, ok := own[rec.key]; ok && content != rec.content {
			return &history.ConflictError{Index: i}
		}
		if own == nil {
			own = map[[2]uint64]uint64{}
		}
		own[rec.key] = rec.content
	}
	return nil
}
