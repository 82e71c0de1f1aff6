package archive

import (
	"context"
	"errors"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// Event finds an accepted event; ErrNotFound if there is none.
func (r *Reader) Event(w query.EventRef) (history.EventRecord, error) {
	return r.event(context.Background(), w)
}

func (r *Reader) event(ctx context.Context, w query.EventRef) (a history.EventRecord, err error) {
	if w.Seq == 0 {
		list, err := r.named(ctx, w, 1)
		if err == nil && len(list) == 0 {
			w.Seq, err = r.sent(ctx, w.ID)
		}
		if err != nil || len(list) > 0 {
			return first(list), err
		}
	}
	var x eventRow
	err = r.each(ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE seq = $1`, []database.Argument{database.Int8(w.Seq)}, x.scanned(), func() bool {
		a = x.record()
		return false
	})
	switch {
	case err != nil:
		return history.EventRecord{}, err
	case a.Kind == history.KindResend:
		return r.event(ctx, query.EventRef{Seq: a.Of})
	case a.Kind != history.KindEvent:
		return history.EventRecord{}, history.ErrNotFound
	}
	return a, nil
}

func first(list []history.EventRecord) history.EventRecord {
	if len(list) == 0 {
		return history.EventRecord{}
	}
	return list[0]
}

// named returns the events with an id, and the source if one is given, the newest first
// and at most so many.
func (r *Reader) named(ctx context.Context, w query.EventRef, most int) (list []history.EventRecord, err error) {
	var x eventRow
	err = r.each(ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE id_hash = $1 AND kind = 'event' ORDER BY seq DESC`,
		[]database.Argument{database.Int8(database.Hash(w.ID))}, x.scanned(), func() bool {
			a := x.record()
			if e, err := event.Parse(a.Event, a.Filled); err == nil && e.ID == w.ID && (w.Source == "" || e.Source == w.Source) {
				list = append(list, a)
			}
			return len(list) < most
		})
	return list, err
}

// Namesakes returns the events with an id, the newest first, at most so many.
func (r *Reader) Namesakes(id string, most int) ([]history.EventRecord, error) {
	return r.named(context.Background(), query.EventRef{ID: id}, most)
}

// sent returns the seq of the newest event that was sent under another id.
func (r *Reader) sent(ctx context.Context, id string) (seq history.Seq, err error) {
	if !strings.HasPrefix(id, "msg_") {
		return 0, history.ErrNotFound
	}
	var x deliveryRow
	err = r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts WHERE sent = $1 AND sent <> 0 ORDER BY n DESC`,
		[]database.Argument{database.Int8(database.Hash(id))}, x.scanned(), func() bool {
			if o := x.record(); o.SentID == id {
				seq = o.Seq
			}
			return seq == 0
		})
	if err == nil && seq == 0 {
		err = history.ErrNotFound
	}
	return seq, err
}

// EventID returns the id of an event, "" if its record was removed.
func (r *Reader) EventID(seq history.Seq) (string, error) {
	a, err := r.Event(query.EventRef{Seq: seq})
	if errors.Is(err, history.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	e, err := event.Parse(a.Event, a.Filled)
	return e.ID, err
}

// Trace finds an event, and what became of it; ErrNotFound if there is none.
func (r *Reader) Trace(w query.EventRef) (*query.EventTrace, error) {
	ctx := context.Background()
	a, err := r.event(ctx, w)
	if err != nil {
		return nil, err
	}
	s := &query.EventTrace{EventRecord: a}
	if s.Parsed, err = event.Parse(a.Event, a.Filled); err != nil {
		return nil, err
	}
	of := map[history.Seq]*query.EventTrace{a.Seq: s}
	if err := r.addResends(ctx, of); err != nil {
		return nil, err
	}
	if err := r.addOutcomes(ctx, of); err != nil {
		return nil, err
	}
	return s, r.addConfigs(ctx, s)
}

// addResends adds to the traces of events, by their seqs, the resends of them, and these
// to the traces.
func (r *Reader) addResends(ctx context.Context, of map[history.Seq]*query.EventTrace) error {
	var x eventRow
	return r.each(ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE of = ANY ($1) AND of > 0 AND seq > $2 ORDER BY seq`,
		[]database.Argument{database.Int8s(seqs(of)), database.Int8(lowest(of))}, x.scanned(), func() bool {
			a := x.record()
			t := of[a.Of]
			t.Resends = append(t.Resends, a)
			of[a.Seq] = t
			return true
		})
}

// addOutcomes adds to traces, by the seqs of deliveries, the attempts at these.
func (r *Reader) addOutcomes(ctx context.Context, of map[history.Seq]*query.EventTrace) error {
	var x deliveryRow
	return r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts WHERE seq = ANY ($1) AND kind = 'attempt' ORDER BY n`,
		[]database.Argument{database.Int8s(seqs(of))}, x.scanned(), func() bool {
			o := x.record()
			t := of[o.Seq]
			t.Outcomes = append(t.Outcomes, o)
			return true
		})
}

// addConfigs adds the config line of each generation before its first attempt.
func (r *Reader) addConfigs(ctx context.Context, s *query.EventTrace) error {
	known := map[history.ConfigKey]*history.DeliveryRecord{}
	var webhooks []string
	var generations []int64
	for i := range s.Outcomes {
		key := keyOf(&s.Outcomes[i])
		if _, ok := known[key]; !ok {
			known[key] = nil
			webhooks, generations = append(webhooks, key.Webhook), append(generations, int64(key.Generation))
		}
	}
	if len(known) == 0 {
		return nil
	}
	var x deliveryRow
	err := r.each(ctx, `SELECT c.at, c.line FROM {schema}.configs c JOIN unnest($1::text[], $2::bigint[]) AS k(webhook, generation)
		ON c.webhook = k.webhook AND c.generation = k.generation`, []database.Argument{database.Texts(webhooks), database.Int8s(generations)}, []any{&x.at, &x.line}, func() bool {
		o := x.record()
		known[keyOf(&o)] = &o
		return true
	})
	if err != nil {
		return err
	}
	list := make([]history.DeliveryRecord, 0, len(s.Outcomes)+len(known))
	for i := range s.Outcomes {
		key := keyOf(&s.Outcomes[i])
		if config := known[key]; config != nil {
			list = append(list, *config)
			known[key] = nil
		}
		list = append(list, s.Outcomes[i])
	}
	s.Outcomes = list
	return nil
}

func keyOf(o *history.DeliveryRecord) history.ConfigKey {
	return history.ConfigKey{Webhook: o.Webhook, Generation: o.Generation}
}

func seqs(of map[history.Seq]*query.EventTrace) []int64 {
	list := make([]int64, 0, len(of))
	for seq := range of {
		list = append(list, int64(seq))
	}
	return list
}

func lowest(of map[history.Seq]*query.EventTrace) int64 {
	lowest := int64(1<<63 - 1)
	for seq := range of {
		lowest = min(lowest, int64(seq))
	}
	return lowest
}
