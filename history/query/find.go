package query

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
)

// EventRef names an event: by its seq if that is not 0, else by its id, and the source if
// one is given. It means the newest of several.
type EventRef struct {
	ID, Source string
	Seq        history.Seq
}

// ParseEventRef reads seq:N, or an id.
func ParseEventRef(text string) EventRef {
	if digits, ok := strings.CutPrefix(text, "seq:"); ok {
		if seq, err := strconv.ParseUint(digits, 10, 64); err == nil && seq > 0 {
			return EventRef{Seq: history.Seq(seq)}
		}
	}
	return EventRef{ID: text}
}

// Event finds an accepted event; ErrNotFound if there is none.
func (r *Reader) Event(w EventRef) (history.EventRecord, error) {
	if w.Seq == 0 {
		seq, err := r.newest(w)
		if errors.Is(err, history.ErrNotFound) {
			seq, err = r.sent(w.ID)
		}
		if err != nil {
			return history.EventRecord{}, err
		}
		w.Seq = seq
	}
	line, err := r.events.Find(uint64(w.Seq))
	if errors.Is(err, fs.ErrNotExist) {
		err = history.ErrNotFound // it is being removed
	}
	if err != nil {
		return history.EventRecord{}, err
	}
	a := history.ParseEventRecord(&line)
	if a.Kind == history.KindResend {
		return r.Event(EventRef{Seq: a.Of})
	}
	if a.Kind != history.KindEvent {
		return history.EventRecord{}, history.ErrNotFound
	}
	return a, nil
}

// EventID returns the id of an event, "" if its record is damaged or was just removed.
func (r *Reader) EventID(seq history.Seq) (string, error) {
	a, err := r.Event(EventRef{Seq: seq})
	if err == nil {
		e, err := event.Parse(a.Event, a.Filled)
		return e.ID, err
	}
	if errors.Is(err, history.ErrNotFound) || segment.IsDamage(err) {
		return "", nil
	}
	return "", err
}

// newest returns the seq of the newest event with an id.
func (r *Reader) newest(w EventRef) (history.Seq, error) {
	for _, first := range slices.Backward(r.events.Segments()) {
		found, err := r.events.Lookup(first, lookup.WantEvent(w.ID))
		if err != nil && !lookup.IsGone(err) {
			return 0, err
		}
		for i := range slices.Backward(found) {
			a := history.ParseEventRecord(&found[i])
			if w.Source == "" {
				return a.Seq, nil
			}
			if e, err := event.Parse(a.Event, a.Filled); err == nil && e.Source == w.Source {
				return a.Seq, nil
			}
		}
	}
	return 0, history.ErrNotFound
}

// Namesakes returns the events with an id, the newest first, at most so many.
func (r *Reader) Namesakes(id string, most int) (list []history.EventRecord, err error) {
	for _, first := range slices.Backward(r.events.Segments()) {
		found, err := r.events.Lookup(first, lookup.WantEvent(id))
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		for i := range slices.Backward(found) {
			if list = append(list, history.ParseEventRecord(&found[i])); len(list) == most {
				return list, nil
			}
		}
	}
	return list, nil
}

// sent returns the seq of the newest event that was sent under another id.
func (r *Reader) sent(id string) (history.Seq, error) {
	if !strings.HasPrefix(id, "msg_") {
		return 0, history.ErrNotFound
	}
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		found, err := r.deliveries.Lookup(first, lookup.WantAttempts(id))
		if err != nil && !lookup.IsGone(err) {
			return 0, err
		}
		for i := range slices.Backward(found) {
			if o := history.ParseDeliveryRecord(&found[i]); o.SentID == id {
				return o.Seq, nil
			}
		}
	}
	return 0, history.ErrNotFound
}
