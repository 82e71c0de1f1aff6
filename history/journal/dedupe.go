package journal

import (
	"sidehook/history"
)

// dedupeAndNumber gives the new records of a batch their numbers and finds the
// events that the others repeat. It returns the new records.
func (c *committer) dedupeAndNumber(b *batch) (fresh []durable) {
	most := 0
	for _, r := range b.requests {
		most += len(r.records)
	}
	now := c.clock.Stamp(history.Seq(c.writer.Next()), most)
	defer func() { c.clock.Stamped(history.Seq(c.writer.Next())) }()
	inBatch := map[[2]uint64]knownEvent{}
	find := func(key [2]uint64) (knownEvent, bool) {
		if k, ok := inBatch[key]; ok {
			return k, true
		}
		return c.dedupe.find(key)
	}
	for _, r := range b.requests {
		if r.err = conflict(r, find); r.err != nil {
			continue
		}
		r.receipts = make([]history.Receipt, len(r.records))
		for i := range r.records {
			rec := &r.records[i]
			if old, ok := find(rec.key); ok && !rec.refers() {
				r.receipts[i] = old.duplicate()
				continue
			}
			number, location := c.writer.Add(now, rec.head, rec.tail)
			seq := history.Seq(number)
			r.receipts[i] = history.Receipt{Seq: seq, To: rec.to}
			fresh = append(fresh, durable{rec, seq, now, location})
			if !rec.refers() {
				inBatch[rec.key] = knownEvent{rec.identity, seq, rec.to}
			}
		}
	}
	return fresh
}

// refuse answers the requests of a batch that there was no room for. One that only
// repeats events needs none.
func (c *committer) refuse(b *batch, err error) {
	err = noRoom(err)
	for _, r := range b.requests {
		if r.receipts, r.err = nil, conflict(r, c.dedupe.find); r.err != nil {
			continue
		}
		for i := range r.records {
			old, ok := c.dedupe.find(r.records[i].key)
			if !ok || r.records[i].refers() {
				r.receipts, r.err = nil, err
				break
			}
			r.receipts = append(r.receipts, old.duplicate())
		}
	}
}

// conflict returns why a request is refused as a whole: it has an event with the
// source and id of another one, and with different content.
func conflict(r *request, find func([2]uint64) (knownEvent, bool)) error {
	var own map[[2]uint64]uint64
	for i := range r.records {
		rec := &r.records[i]
		if rec.refers() {
			continue
		}
		if old, ok := find(rec.key); ok && old.content != rec.content {
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
