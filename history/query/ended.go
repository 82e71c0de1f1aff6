package query

import (
	"errors"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/internal/lookup"
)

// Ended is an attempt that ended the delivery of an event to a webhook. If Apart is set it is
// another attempt (lookup.IsApart), such as of a resend or a test, and Apart has its record.
type Ended struct {
	Webhook string
	Seq     history.Seq
	Apart   *history.DeliveryRecord
}

// EndedBy returns the Ended of an attempt that ended a delivery.
func EndedBy(o *history.DeliveryRecord) Ended {
	e := Ended{Webhook: o.Webhook, Seq: o.Seq}
	if lookup.IsApart(o) {
		e.Apart = o
	}
	return e
}

// Ended visits the attempts that match, in any order, until visit returns false. With an
// index it reads only those records that it does not know enough of. q selects by webhook,
// type, status, code and time.
func (r *Reader) Ended(q Query, visit func(Ended) bool) error {
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		list, err := r.endedIn(first, &q)
		if errors.Is(err, index.ErrUnfit) {
			list = nil
			_, err = r.attemptsIn(first, &q, func(o *history.DeliveryRecord) bool {
				list = append(list, EndedBy(o))
				return true
			})
		}
		if err != nil && !lookup.IsGone(err) {
			return err
		}
		for _, e := range list {
			if !visit(e) {
				return nil
			}
		}
	}
	return nil
}

// endedIn returns those of a segment. The error is index.ErrUnfit if nothing knows them
// without reading.
func (r *Reader) endedIn(first uint64, q *Query) (list []Ended, err error) {
	lines, err := r.deliveries.Lines(first)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		return nil, index.ErrUnfit
	}
	if !lines.Within(q.Since, q.Until) {
		return nil, nil
	}
	var unsure []uint32 // offsets of those that must be read
	err = lines.Each(q.selection(), func(l index.Listed) {
		some, all, _ := lines.WithinAt(l.Offset, q.Since, q.Until)
		switch {
		case !some:
		case !all || l.Group.Apart || l.Group.Type == "":
			unsure = append(unsure, l.Offset)
		default:
			list = append(list, Ended{Webhook: l.Webhook, Seq: history.Seq(l.Seq)})
		}
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(unsure)
	for _, offset := range unsure {
		line, err := r.deliveries.At(first, offset)
		if lookup.IsGone(err) {
			return nil, err
		}
		if err != nil {
			return nil, index.ErrUnfit
		}
		if o := history.ParseDeliveryRecord(&line); q.Match(&o) {
			list = append(list, EndedBy(&o))
		}
	}
	return list, nil
}
