package query

import (
	"bytes"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
)

// statuses looks up what became of events, which are in the order of falling seqs.
func (r *Reader) statuses(list []AcceptedEvent) error {
	if len(list) == 0 {
		return nil
	}
	traces := make([]EventTrace, len(list))
	of := make(map[history.Seq]*EventTrace, len(list)) // also by the seqs of resends
	for i := range list {
		traces[i].EventRecord = list[i].EventRecord
		of[list[i].Seq] = &traces[i]
	}
	if err := r.addResends(of, list[len(list)-1].Seq); err != nil {
		return err
	}
	if err := r.addOutcomes(of); err != nil {
		return err
	}
	for i := range list {
		list[i].Statuses = traces[i].Current()
	}
	return nil
}

// Current returns the status of each webhook that gets the event, resends included.
func (t *EventTrace) Current() map[string]history.Status {
	m := map[string]history.Status{}
	for _, s := range t.Statuses() {
		if s.Status != "" {
			m[s.Webhook] = s.Status
		}
	}
	for i := range t.Resends {
		for _, name := range t.Resends[i].To {
			m[name] = t.outcomeOf(t.Resends[i].Seq)
		}
	}
	return m
}

// outcomeOf is where the attempts at a delivery of a seq have left it.
func (t *EventTrace) outcomeOf(seq history.Seq) history.Status {
	for i := range slices.Backward(t.Outcomes) {
		if o := &t.Outcomes[i]; o.Seq == seq && !o.Late {
			return o.Status
		}
	}
	return Pending
}

// addResends adds to the traces of events the resends of them.
func (r *Reader) addResends(of map[history.Seq]*EventTrace, lowest history.Seq) error {
	var keys []lookup.LookupKey
	events := map[history.Seq]*EventTrace{}
	for seq, t := range of {
		keys = append(keys, lookup.WantResends(seq))
		events[seq] = t
	}
	add := func(line *jsonl.Line) bool {
		if a := history.ParseEventRecord(line); events[a.Of] != nil {
			t := events[a.Of]
			t.Resends = append(t.Resends, history.ParseEventRecord(ptr(line.Clone())))
			of[a.Seq] = t
		}
		return true
	}
	for _, first := range r.events.Segments() {
		if first < r.events.SegmentOf(uint64(lowest)) {
			continue
		}
		if err := r.each(r.events, first, keys, add, func() error { return r.events.Resends(first, time.Time{}, add) }); err != nil {
			return err
		}
	}
	return nil
}

// addOutcomes adds to traces, by the seqs of deliveries, the attempts at these.
func (r *Reader) addOutcomes(of map[history.Seq]*EventTrace) error {
	seqs := make([]history.Seq, 0, len(of))
	for seq := range of {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	keys := make([]lookup.LookupKey, len(seqs))
	for i, seq := range seqs {
		keys[i] = lookup.WantSeq(seq)
	}
	add := func(line *jsonl.Line) bool {
		t := of[seqIn(line.Raw)]
		if t == nil {
			return true
		}
		o := history.ParseDeliveryRecord(ptr(line.Clone()))
		t.Outcomes = append(t.Outcomes, o)
		return true
	}
	for _, first := range r.deliveries.Segments() {
		if err := r.each(r.deliveries, first, keys, add, func() error { return lookup.VisitLines(r.deliveries.Archive, first, add) }); err != nil {
			return err
		}
	}
	return nil
}

// each visits the lines of a segment that have one of the keys, or all that scan does if
// nothing knows which these are.
func (r *Reader) each(s *lookup.Stream, first uint64, keys []lookup.LookupKey, visit func(*jsonl.Line) bool, scan func() error) error {
	lines, err := s.Lines(first)
	var found []jsonl.Line
	switch {
	case err != nil:
	case lines == nil:
		err = scan()
	default:
		found, err = s.Lookup(first, keys...)
		for i := range found {
			visit(&found[i])
		}
	}
	if lookup.IsGone(err) {
		return nil
	}
	return err
}

// seqIn finds the seq in the line of an attempt without reading all of it. Within a
// string its name would have other quotes.
func seqIn(raw []byte) history.Seq {
	_, after, _ := bytes.Cut(raw, []byte(`"seq":`))
	n := uint64(0)
	for _, digit := range after {
		if digit < '0' || digit > '9' {
			break
		}
		n = n*10 + uint64(digit-'0')
	}
	return history.Seq(n)
}

func ptr[T any](v T) *T { return &v }
