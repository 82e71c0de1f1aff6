package query

import (
	"sidehook/history"
	"sidehook/history/internal/jsonl"
)

// Accepted visits the accepted events and resends, the newest first, until visit returns
// false. A record is valid until the next one.
func (r *Reader) Accepted(visit func(*history.EventRecord) bool) error {
	return newestFirst(r.events, func(line *jsonl.Line) bool {
		a := history.ParseEventRecord(line)
		return visit(&a)
	})
}

// NewestEvent returns the seq of the newest event or resend, 0 if there is none.
func (r *Reader) NewestEvent() (seq history.Seq, err error) {
	err = r.Accepted(func(a *history.EventRecord) bool {
		seq = a.Seq
		return false
	})
	return seq, err
}
