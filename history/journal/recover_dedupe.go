package journal

import (
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/dedupe"
	"sidehook/history/internal/jsonl"
)

// fillDedupeWindow reads the last events back. If the last records are mostly
// resends it goes further back, for a day at most.
func (r *recovery) fillDedupeWindow() error {
	var pieces [][]dedupe.Event
	found := 0
	for end := r.commits.writer.Next(); end > 1 && found < dedupe.Size; {
		from := end - min(end-1, dedupe.Size)
		piece, began, err := r.eventsBetween(from, end)
		if err != nil {
			return err
		}
		pieces = append(pieces, piece)
		found += len(piece)
		if end = from; time.Since(began) > 24*time.Hour {
			break
		}
	}
	for _, piece := range slices.Backward(pieces) {
		for i := range piece {
			r.commits.window.Add(piece[i])
			r.commits.window.Keep()
		}
	}
	return nil
}

// eventsBetween returns the events among the records from the number from to before
// end, and when the first of the records was accepted.
func (r *recovery) eventsBetween(from, end uint64) (list []dedupe.Event, began time.Time, err error) {
	var after jsonl.Location
	if from > 1 {
		line, err := r.events.Find(from - 1)
		if err == nil {
			after = line.Location
		} else {
			after.Segment = r.events.SegmentOf(from)
		}
	}
	err = r.walk(r.events, after, r.reportCorruption, func(line *jsonl.Line) bool {
		if line.Number < from || line.Number >= end {
			return line.Number < end
		}
		a := history.ParseEventRecord(line)
		if began.IsZero() {
			began = a.At
		}
		if a.Kind != history.KindEvent {
			return true
		}
		e, err := event.Parse(a.Event, a.Filled)
		if err != nil {
			return true
		}
		list = append(list, r.commits.window.Event(r.identify.Of(&e), a.Seq, a.To))
		return true
	})
	return list, began, err
}
