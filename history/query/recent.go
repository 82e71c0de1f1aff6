package query

import (
	"slices"
	"time"

	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/stats"
)

// mostCounted bounds how many bytes of segments without an index Recent counts.
const mostCounted = 256 << 20

// Recent visits the minutes from since on with the attempts before until, the newest
// segment first, until visit returns false. The last minute may come in parts. A minute is
// valid until the next.
func (r *Reader) Recent(since, until time.Time, visit func(*stats.Minute) bool) error {
	left := int64(mostCounted)
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		size, err := r.deliveries.Size(first)
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		any, within, more := false, false, true
		each := func(m *index.Minute) bool {
			any = true
			if !m.At.Before(since) {
				within = true
				more = visit(stats.MinuteOf(m))
			}
			return more
		}
		ok, err := r.indexed(first, until, each)
		if !ok && err == nil {
			if left -= size; left < 0 {
				return nil
			}
			err = r.count(first, until, each)
		}
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		if !more || any && !within {
			return nil
		}
	}
	return nil
}

// indexed visits the counts of a segment from its index. It reports false if there is
// none, or if it also counts records that are not before until.
func (r *Reader) indexed(first uint64, until time.Time, visit func(*index.Minute) bool) (ok bool, err error) {
	x, err := r.deliveries.Index(first)
	if err != nil || x == nil || x.Within(until, time.Time{}) {
		return false, err
	}
	return x.Minutes(visit) == nil, nil
}

// count counts the lines of a segment before until.
func (r *Reader) count(first uint64, until time.Time, visit func(*index.Minute) bool) error {
	b := index.Build(index.Segment{})
	entries := r.deliveries.Entries()
	err := lookup.VisitLines(r.deliveries.Archive, first, func(line *jsonl.Line) bool {
		if e := entries.Of(line); e.Tally && e.At.Before(until) {
			b.Add(e)
		}
		return true
	})
	b.Minutes(visit)
	return err
}
