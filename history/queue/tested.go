package queue

import (
	"time"

	"sidehook/history"
)

// RecordTest records the one attempt that a test of the queue's webhook came to,
// the quick tries before it first. The event of a test, which Append is told by
// its entry's Test, is in no queue: nothing makes the attempt again after a
// crash, and nothing that Row knows of depends on it. On return it is durable.
func (q *Queue) RecordTest(seq history.Seq, accepted time.Time, attempts ...history.Attempt) error {
	l := Lease{Seq: seq, Attempt: 1, queue: q, test: true}
	now := time.Now()
	for i := range attempts {
		a := &attempts[i]
		again, next := i < len(attempts)-1, time.Time{}
		if again {
			next = now
		}
		l.record(l.line(a, again, next), q.configOf(a.Generation), now)
		q.set.recorded(history.Recorded{Attempt: *a, Webhook: q.name, Seq: seq, Again: again, Accepted: accepted})
	}
	return q.set.ledger.Flush()
}
