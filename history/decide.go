package history

import "time"

// decide gives each record its number, or finds the event that it repeats.
func (c *committer) decide(p *pool) (fresh []accepted) {
	now := time.Now()
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
		r.receipts = make([]Receipt, len(r.records))
		for i := range r.records {
			rec := &r.records[i]
			if old, ok := known(rec.key); ok && rec.of == 0 {
				r.receipts[i] = old.receipt
				r.receipts[i].Duplicate = true
				continue
			}
			seq, place := c.writer.Add(now, rec.head, rec.tail)
			r.receipts[i] = Receipt{Seq: seq, To: rec.to}
			fresh = append(fresh, accepted{rec, seq, now, place})
			if rec.of == 0 {
				news[rec.key] = remembered{rec.identity, r.receipts[i]}
			}
		}
	}
	return fresh
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
			return &ConflictError{Index: i}
		}
		if len(r.records) == 1 {
			break
		}
		if content, ok := own[rec.key]; ok && content != rec.content {
			return &ConflictError{Index: i}
		}
		if own == nil {
			own = map[[2]uint64]uint64{}
		}
		own[rec.key] = rec.content
	}
	return nil
}
