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
