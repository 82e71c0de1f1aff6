package history

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"sidehook/history/event"
	"sidehook/history/segment"
)

// Which names an event: by its seq if that is not 0, else by its id, of several
// the newest, with the source if one is given.
type Which struct {
	ID, Source string
	Seq        uint64
}

// ParseWhich reads seq:N, or an id.
func ParseWhich(text string) Which {
	if digits, ok := strings.CutPrefix(text, "seq:"); ok {
		if seq, err := strconv.ParseUint(digits, 10, 64); err == nil && seq > 0 {
			return Which{Seq: seq}
		}
	}
	return Which{ID: text}
}

// Event finds an accepted event; ErrNotFound if there is none.
func (r *Reading) Event(w Which) (Accepted, error) {
	if w.Seq == 0 {
		seq, err := r.newest(w)
		if errors.Is(err, ErrNotFound) {
			seq, err = r.sent(w.ID)
		}
		if err != nil {
			return Accepted{}, err
		}
		w.Seq = seq
	}
	line, err := r.events.Find(w.Seq)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound // it is being removed
	}
	if err != nil {
		return Accepted{}, err
	}
	a := parseAccepted(&line)
	if a.Kind == kindResend {
		return r.Event(Which{Seq: a.Of})
	}
	if a.Kind != kindEvent {
		return Accepted{}, ErrNotFound
	}
	return a, nil
}

// newest is the seq of the newest event of an id.
func (r *Reading) newest(w Which) (uint64, error) {
	for _, first := range slices.Backward(r.events.Segments()) {
		found, err := r.events.lookup(first, 0, wantEvent(w.ID))
		if err != nil && !gone(err) {
			return 0, err
		}
		for i := range slices.Backward(found) {
			a := parseAccepted(&found[i])
			if w.Source == "" {
				return a.Seq, nil
			}
			if e, err := event.Parse(a.Event, a.Filled); err == nil && e.Source == w.Source {
				return a.Seq, nil
			}
		}
	}
	return 0, ErrNotFound
}

// sent is the seq of the newest event that was sent under another id.
func (r *Reading) sent(id string) (uint64, error) {
	if !strings.HasPrefix(id, "msg_") {
		return 0, ErrNotFound
	}
	for _, first := range slices.Backward(r.deliveries.Segments()) {
		found, err := r.deliveries.lookup(first, 0, wantAttempts(id))
		if err != nil && !gone(err) {
			return 0, err
		}
		for i := range slices.Backward(found) {
			if o := parseOutcome(&found[i]); o.SentID == id {
				return o.Seq, nil
			}
		}
	}
	return 0, ErrNotFound
}

// Story is all that became of an event, in order: its attempts, those of its
// resends, and the config lines of the generations they were made under.
func (r *Reading) Story(a Accepted) (resends []Accepted, outcomes []Outcome, err error) {
	seqs := []uint64{a.Seq}
	for _, first := range r.events.Segments() {
		if first < r.events.SegmentOf(a.Seq) {
			continue
		}
		found, err := r.events.lookup(first, 0, wantResends(a.Seq))
		if err != nil && !gone(err) {
			return nil, nil, err
		}
		for i := range found {
			x := parseAccepted(&found[i])
			resends = append(resends, x)
			seqs = append(seqs, x.Seq)
		}
	}
	told := map[configured]bool{}
	for _, first := range r.deliveries.Segments() {
		found, err := r.attemptsAt(first, seqs)
		if err != nil {
			return nil, nil, err
		}
		for i := range found {
			o := parseOutcome(&found[i])
			under := configured{o.Webhook, o.Generation}
			if !told[under] {
				config, err := r.deliveries.lookup(first, 0, wantConfig(o.Generation, o.Webhook))
				if err != nil && !gone(err) {
					return nil, nil, err
				}
				for i := range config[:min(1, len(config))] {
					outcomes = append(outcomes, parseOutcome(&config[i]))
					told[under] = true
				}
			}
			outcomes = append(outcomes, o)
		}
	}
	return resends, outcomes, nil
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
