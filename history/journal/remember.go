package journal

import (
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
)

// remember fills the window of duplicates from the tail of the events. Where
// that is mostly resends it goes further back, at most for a day.
func (r *recovery) remember() error {
	known := map[string][]string{} // the sets of webhooks are few
	var pieces [][]remembered
	found := 0
	for end := r.commits.writer.Next(); end > 1 && found < windowEvents; {
		from := end - min(end-1, windowEvents)
		piece, began, err := r.piece(from, end, known)
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
			r.commits.seen.add(piece[i])
		}
	}
	return nil
}

// piece is what is to be remembered of the records from one number to ahead of
// another, and when the first of them was accepted.
func (r *recovery) piece(from, end uint64, known map[string][]string) (piece []remembered, began time.Time, err error) {
	var behind jsonl.Location
	if from > 1 {
		line, err := r.events.Find(from - 1)
		if err == nil {
			behind = line.Location
		} else {
			behind.Segment = r.events.SegmentOf(from)
		}
	}
	err = r.walk(r.events, behind, func(line *jsonl.Line) bool {
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
		key := strings.Join(a.To, " ")
		if _, ok := known[key]; !ok {
			known[key] = a.To
		}
		piece = append(piece, remembered{r.identify.of(&e), history.Receipt{Seq: a.Seq, To: known[key]}})
		return true
	})
	return piece, began, err
}
