package query

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
)

// Backlogs returns how many deliveries to each webhook have not ended.
func (r *Reader) Backlogs() (map[string]uint64, error) {
	p, err := r.loadWaiting()
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for name, of := range p.webhooks {
		counts[name] = of.count
	}
	for _, first := range slices.Backward(r.events.Segments()) {
		enough := false
		w := walk{Stream: r.events, first: first, tell: func(line *jsonl.Line) bool {
			a := history.ParseEventRecord(line)
			if enough = uint64(a.Seq) <= p.events; enough {
				return false
			}
			for _, name := range a.To {
				if of := p.webhooks[name]; of == nil || a.Seq > of.last {
					counts[name]++
				}
			}
			return true
		}}
		err := w.from(0)
		if err == nil {
			err = w.run(nil)
		}
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		if enough {
			break
		}
	}
	for d := range p.ended {
		if p.mayWait(d.webhook, d.seq) {
			counts[d.webhook]--
		}
	}
	waiting := map[string]uint64{}
	for name, n := range counts {
		if n > 0 {
			waiting[name] = uint64(n)
		}
	}
	return waiting, nil
}
