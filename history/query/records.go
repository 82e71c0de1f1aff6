package query

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// Records is a history as FindBulk, FindResend and FindUnresolved read it. A Reader is one
// of files.
type Records interface {
	// Attempts visits the attempts that match, the newest first, until visit returns
	// false.
	Attempts(q Query, visit func(*history.DeliveryRecord) bool) error
	// Ended visits the attempts that match, in any order, until visit returns false.
	Ended(q Query, visit func(Ended) bool) error
	Event(EventRef) (history.EventRecord, error)
	// Resends visits the resends, and the renames, that may be from since on, the
	// oldest first, until visit returns false.
	Resends(since time.Time, visit func(*history.EventRecord) bool) error
	// Removed returns a function that reports whether retention has removed a record.
	Removed() (func(history.Seq) bool, error)
}

// Resends visits the resends, and the renames, that may be from since on, the oldest
// first, until visit returns false. A record is valid until the next one.
func (r *Reader) Resends(since time.Time, visit func(*history.EventRecord) bool) error {
	more := true
	for _, first := range r.events.Segments() {
		err := r.events.Resends(first, since, func(line *jsonl.Line) bool {
			a := history.ParseEventRecord(line)
			more = visit(&a)
			return more
		})
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		if !more {
			break
		}
	}
	return nil
}

// Removed returns a function that reports whether retention has removed a record of the
// events.
func (r *Reader) Removed() (func(history.Seq) bool, error) {
	removed, err := files.LoadRemoved(r.events.FS, segment.Events)
	return func(seq history.Seq) bool { return removed.Has(uint64(seq)) }, err
}
