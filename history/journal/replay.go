package journal

import (
	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// delivery takes in one record of the deliveries.
func (r *recovery) delivery(line *jsonl.Line) {
	d := history.ParseDeliveryRecord(line)
	r.lastDelivery = d.At
	r.retention.RanAt(d.At)
	r.generation = max(r.generation, d.Generation)
	switch d.Kind {
	case history.KindWebhook:
		r.replay.State(&d)
	case history.KindAttempt:
		r.highestSeq = max(r.highestSeq, d.Seq)
		if !d.Test { // no queue ever had it
			r.replay.Attempt(&d, r.retention.Removed(segment.Events).Has(uint64(d.Seq)))
		}
	}
}

// event takes in one record of the events, after the cursors.
func (r *recovery) event(line *jsonl.Line) {
	a := history.ParseEventRecord(line)
	r.lastEvent = a.At
	r.retention.RanAt(a.At)
	r.generation = max(r.generation, a.Generation)
	r.replay.Accepted(&a)
}
