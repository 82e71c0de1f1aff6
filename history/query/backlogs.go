package query

import (
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/files"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/pending"
)

// Backlogs returns how many deliveries to each webhook have not ended. It counts those that
// waited at the checkpoint, adds the later ones and subtracts those that have ended since.
// Without a checkpoint it counts all records of both streams that retention has kept.
func (r *Reader) Backlogs() (map[string]uint64, error) {
	counts := map[string]int{}
	p, ok, err := r.loadWaiting()
	switch {
	case err != nil:
	case ok:
		err = r.countSince(p, counts)
	default:
		err = r.countAll(counts)
	}
	waiting := map[string]uint64{}
	for name, n := range counts {
		if n > 0 {
			waiting[name] = uint64(n)
		}
	}
	return waiting, err
}

// loadPending reads the checkpoint. It reports false if there is none.
func (r *Reader) loadPending() (p *pending.Waiting, deliveries uint64, ok bool) {
	c, _ := files.LoadCheckpoint(r.events.FS)
	if c == nil {
		return pending.NewWaiting(0), 0, false
	}
	p = pending.NewWaiting(history.Seq(c.Events.Number))
	for name, w := range c.Webhooks {
		p.Add(name, &w, p.After())
	}
	return p, c.Deliveries.Number, true
}

// loadWaiting reads the checkpoint and the deliveries that have ended since. The result
// tells which deliveries wait. It reports false if there is no checkpoint.
func (r *Reader) loadWaiting() (*pending.Waiting, bool, error) {
	p, covered, ok := r.loadPending()
	if !ok {
		return p, false, nil
	}
	err := r.Attempts(Query{}, func(o *history.DeliveryRecord) bool {
		if uint64(o.N) <= covered {
			return false
		}
		if o.Status != history.Retrying && !o.Test && !o.Late {
			p.End(o.QueueName(), o.Seq)
		}
		return true
	})
	return p, true, err
}

// countAll counts waiting deliveries by the lists of all segments.
func (r *Reader) countAll(counts map[string]int) error {
	count := func(s *lookup.Stream, first uint64, n int, counted func(index.Group) bool) error {
		list, err := s.Listed(first, index.Selection{Groups: counted})
		for i := range list {
			counts[list[i].Webhook] += n
		}
		return err
	}
	for _, first := range r.events.Segments() {
		err := count(r.events, first, 1, func(g index.Group) bool { return g.Status == lookup.GroupWanted })
		if err == nil {
			err = r.events.Resends(first, time.Time{}, func(line *jsonl.Line) bool {
				for _, name := range history.ParseEventRecord(line).To {
					counts[name]++
				}
				return true
			})
		}
		if err != nil && !lookup.IsGone(err) {
			return err
		}
	}
	for _, first := range r.deliveries.Segments() {
		err := count(r.deliveries, first, -1, func(g index.Group) bool {
			return g.Status != string(history.Retrying) && g.Type != event.OwnPrefix+"test"
		})
		if err != nil && !lookup.IsGone(err) {
			return err
		}
	}
	return nil
}

// countSince counts waiting deliveries from the checkpoint on.
func (r *Reader) countSince(p *pending.Waiting, counts map[string]int) error {
	p.Counts(func(name string, _ history.Seq, waiting int) { counts[name] = waiting })
	for _, first := range slices.Backward(r.events.Segments()) {
		enough := false
		w := walk{Stream: r.events, first: first, tell: func(line *jsonl.Line) bool {
			a := history.ParseEventRecord(line)
			if enough = a.Seq <= p.After(); enough {
				return false
			}
			for _, name := range a.To {
				if !p.Counted(name, a.Seq) {
					counts[name]++
				}
			}
			return true
		}}
		err := w.from(0)
		if err == nil {
			err = w.scan(nil)
		}
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		if enough {
			break
		}
	}
	return nil
}
