package query

import (
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
)

// EventTrace is an event that was accepted, and all that became of it.
type EventTrace struct {
	history.EventRecord
	Parsed  event.Event
	Resends []history.EventRecord
	// Outcomes has its attempts and those of its resends, in order. The config line of
	// a generation comes before its first attempt.
	Outcomes []history.DeliveryRecord
}

// Trace finds an event, and what became of it; ErrNotFound if there is none.
func (r *Reader) Trace(w EventRef) (*EventTrace, error) {
	a, err := r.Event(w)
	if err != nil {
		return nil, err
	}
	s := &EventTrace{EventRecord: a}
	if s.Parsed, err = event.Parse(a.Event, a.Filled); err != nil {
		return nil, err
	}
	if s.Resends, err = r.resendsOf(a.Seq); err != nil {
		return nil, err
	}
	seqs := []history.Seq{a.Seq}
	for i := range s.Resends {
		seqs = append(seqs, s.Resends[i].Seq)
	}
	s.Outcomes, err = r.outcomesOf(seqs)
	return s, err
}

// resendsOf returns the resends of an event.
func (r *Reader) resendsOf(seq history.Seq) (resends []history.EventRecord, err error) {
	for _, first := range r.events.Segments() {
		if first < r.events.SegmentOf(uint64(seq)) {
			continue
		}
		found, err := r.events.Lookup(first, lookup.WantResends(seq))
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		for i := range found {
			resends = append(resends, history.ParseEventRecord(&found[i]))
		}
	}
	return resends, nil
}

// outcomesOf returns the attempts at the deliveries of those seqs, and before the first
// one of a generation its config line.
func (r *Reader) outcomesOf(seqs []history.Seq) (outcomes []history.DeliveryRecord, err error) {
	known := map[history.ConfigKey]bool{}
	for _, first := range r.deliveries.Segments() {
		found, err := r.attemptsAt(first, seqs)
		if err != nil {
			return nil, err
		}
		for i := range found {
			o := history.ParseDeliveryRecord(&found[i])
			under := history.ConfigKey{Webhook: o.Webhook, Generation: o.Generation}
			if !known[under] {
				config, err := r.deliveries.Lookup(first, lookup.WantConfig(o.Generation, o.Webhook))
				if err != nil && !lookup.IsGone(err) {
					return nil, err
				}
				for i := range config[:min(1, len(config))] {
					outcomes = append(outcomes, history.ParseDeliveryRecord(&config[i]))
					known[under] = true
				}
			}
			outcomes = append(outcomes, o)
		}
	}
	return outcomes, nil
}

// attemptsAt returns the lines of a segment about the deliveries of those seqs.
func (r *Reader) attemptsAt(first uint64, seqs []history.Seq) (found []jsonl.Line, err error) {
	if len(seqs) == 1 {
		found, err = r.deliveries.Lookup(first, lookup.WantSeq(seqs[0]))
	} else {
		keys := make([]lookup.LookupKey, len(seqs))
		for i, seq := range seqs {
			keys[i] = lookup.WantSeq(seq)
		}
		found, err = r.deliveries.Lookup(first, keys...)
	}
	if lookup.IsGone(err) {
		return nil, nil
	}
	return found, err
}

// Attempts returns the attempts as JSON, each with its complete request. The history has
// the part that a generation shares once, and with an attempt only its own part; the
// rest follows from the event.
func (s *EventTrace) Attempts() [][]byte {
	configs := map[history.ConfigKey]*history.DeliveryRecord{}
	var list [][]byte
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		under := history.ConfigKey{Webhook: o.Webhook, Generation: o.Generation}
		switch o.Kind {
		case history.KindConfig:
			configs[under] = o
		case history.KindAttempt:
			list = append(list, withRequest(o, &s.Parsed, configs[under]))
		}
	}
	return list
}
