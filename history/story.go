package history

import (
	"sidehook/history/event"
	"sidehook/history/segment"
)

// Story is an event that was accepted, and all that became of it.
type Story struct {
	Accepted
	Parsed  event.Event
	Resends []Accepted
	// Outcomes are its attempts and those of its resends, in order, each behind
	// the config line of the generation that it was made under.
	Outcomes []Outcome
}

// Story finds an event, and what became of it; ErrNotFound if there is none.
func (r *Reading) Story(w Which) (*Story, error) {
	a, err := r.Event(w)
	if err != nil {
		return nil, err
	}
	s := &Story{Accepted: a}
	if s.Parsed, err = event.Parse(a.Event, a.Filled); err != nil {
		return nil, err
	}
	if s.Resends, err = r.resendsOf(a.Seq); err != nil {
		return nil, err
	}
	seqs := []uint64{a.Seq}
	for i := range s.Resends {
		seqs = append(seqs, s.Resends[i].Seq)
	}
	s.Outcomes, err = r.outcomesOf(seqs)
	return s, err
}

// resendsOf are the resends of an event.
func (r *Reading) resendsOf(seq uint64) (resends []Accepted, err error) {
	for _, first := range r.events.Segments() {
		if first < r.events.SegmentOf(seq) {
			continue
		}
		found, err := r.events.lookup(first, 0, wantResends(seq))
		if err != nil && !gone(err) {
			return nil, err
		}
		for i := range found {
			resends = append(resends, parseAccepted(&found[i]))
		}
	}
	return resends, nil
}

// outcomesOf are the attempts at the deliveries of those numbers, and ahead of
// the first one under it the config line of a generation.
func (r *Reading) outcomesOf(seqs []uint64) (outcomes []Outcome, err error) {
	told := map[configured]bool{}
	for _, first := range r.deliveries.Segments() {
		found, err := r.attemptsAt(first, seqs)
		if err != nil {
			return nil, err
		}
		for i := range found {
			o := parseOutcome(&found[i])
			under := configured{o.Webhook, o.Generation}
			if !told[under] {
				config, err := r.deliveries.lookup(first, 0, wantConfig(o.Generation, o.Webhook))
				if err != nil && !gone(err) {
					return nil, err
				}
				for i := range config[:min(1, len(config))] {
					outcomes = append(outcomes, parseOutcome(&config[i]))
					told[under] = true
				}
			}
			outcomes = append(outcomes, o)
		}
	}
	return outcomes, nil
}

// attemptsAt are the lines of a segment about the deliveries of those numbers.
func (r *Reading) attemptsAt(first uint64, seqs []uint64) (found []segment.Line, err error) {
	if len(seqs) == 1 {
		found, err = r.deliveries.lookup(first, seqs[0], wantSeq(seqs[0]))
	} else {
		keys := make([]wanted, len(seqs))
		for i, seq := range seqs {
			keys[i] = wantSeq(seq)
		}
		found, err = r.deliveries.lookup(first, 0, keys...)
	}
	if gone(err) {
		return nil, nil
	}
	return found, err
}

// Attempts are the attempts as JSON, each with its whole request: the history
// holds what is the same for all of a generation once, with an attempt what is
// its own, and the rest follows from what the attempt is.
func (s *Story) Attempts() [][]byte {
	configs := map[configured]*Outcome{}
	var list [][]byte
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		under := configured{o.Webhook, o.Generation}
		switch o.Kind {
		case kindConfig:
			configs[under] = o
		case kindAttempt:
			list = append(list, whole(o, &s.Parsed, configs[under]))
		}
	}
	return list
}
