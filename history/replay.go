package history

import (
	"time"

	"sidehook/history/segment"
)

// delivery takes in one record of the deliveries.
func (r *restoring) delivery(line *segment.Line) {
	d := parseOutcome(line)
	r.lastDelivery = d.At
	r.see(d.At)
	r.generation = max(r.generation, d.Generation)
	switch d.Kind {
	case kindWebhook:
		r.replay.State(&d)
	case kindAttempt:
		r.told = max(r.told, d.Seq)
		if !d.Test { // no queue ever had it
			r.replay.Attempt(&d, r.retention.removed[segment.Events].has(d.Seq))
		}
	}
}

// event takes in one record of the events, after the cursors.
func (r *restoring) event(line *segment.Line) {
	a := parseAccepted(line)
	r.lastEvent = a.At
	r.see(a.At)
	r.generation = max(r.generation, a.Generation)
	r.replay.Accepted(&a)
}

// see learns how late the process before was still running.
func (r *restoring) see(at time.Time) {
	if k := r.retention.keeping; at.After(k.last) {
		k.last = at
	}
}
