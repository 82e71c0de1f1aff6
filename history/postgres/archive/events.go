package archive

import (
	"context"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// Events visits the accepted events that match, the newest first, until visit returns
// false. What it is given stays valid.
func (r *Reader) Events(ctx context.Context, q query.EventQuery, visit func(*query.AcceptedEvent) bool) error {
	s := &eventSearch{Reader: r, EventQuery: q, ctx: ctx, visit: visit}
	var err error
	if q.Waiting == query.Yes {
		err = s.waiting()
	} else {
		err = s.all()
	}
	if err == nil && !s.enough {
		_, err = s.flush()
	}
	return err
}

// eventSearch is the search for events.
type eventSearch struct {
	*Reader
	query.EventQuery
	ctx    context.Context
	visit  func(*query.AcceptedEvent) bool
	found  []query.AcceptedEvent
	enough bool
}

// all reads the events that match.
func (s *eventSearch) all() error {
	w := &where{}
	w.add(`kind = 'event'`)
	if s.After > 0 {
		w.add(`seq > ?`, database.Int8(s.After))
	}
	w.glob(s.Type)
	w.within(s.Since, s.Until)
	x := scan{stream: events, number: "seq", columns: eventColumns, where: w}
	if s.Webhook != "" {
		x.either = []func(*where, part){
			func(w *where, p part) {
				w.add(`seq IN (SELECT t.seq FROM {schema}.targets t WHERE t.webhook = ? AND t.ends = 0 AND t.seq >= ? AND t.seq < ?)`, database.Text(s.Webhook), database.Int8(p.first), database.Int8(p.next))
			},
			// A test is for no webhook, but of one.
			func(w *where, _ part) {
				w.add(`webhooks = '' AND position('"test":'::bytea IN substr(line, 1, 200)) > 0`)
			},
		}
	}
	switch s.Matched {
	case query.No:
		w.add(`webhooks = ''`)
	case query.Yes:
		w.add(`webhooks <> ''`)
	}
	before := int64(1<<63 - 1)
	if s.Before > 0 {
		before = int64(s.Before)
	}
	return s.backward(s.ctx, &x, before, func(sql string, args []database.Argument) (last int64, rows int, more bool, err error) {
		var x eventRow
		var list []history.EventRecord
		err = s.each(s.ctx, sql, args, x.scanned(), func() bool {
			last, rows = x.seq, rows+1
			list = append(list, x.record())
			return true
		})
		if err != nil {
			return last, rows, false, err
		}
		more, err = s.add(list)
		return last, rows, more, err
	})
}

// add adds the records that match.
func (s *eventSearch) add(list []history.EventRecord) (more bool, err error) {
	for i := range list {
		e, ok := s.Match(&list[i])
		if !ok || list[i].Seq <= s.After {
			continue
		}
		s.found = append(s.found, query.AcceptedEvent{EventRecord: list[i], Parsed: e})
		if len(s.found) >= s.Chunk() {
			if more, err := s.flush(); !more || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// flush looks up what became of the events found, and visits them.
func (s *eventSearch) flush() (more bool, err error) {
	found := s.found
	s.found = nil
	if err := s.statuses(found); err != nil {
		return false, err
	}
	for i := range found {
		if a := &found[i]; s.Allows(a) && !s.visit(a) {
			s.enough = true
			break
		}
	}
	return !s.enough, s.ctx.Err()
}

// statuses looks up what became of events.
func (s *eventSearch) statuses(list []query.AcceptedEvent) error {
	if len(list) == 0 {
		return nil
	}
	traces := make([]query.EventTrace, len(list))
	of := make(map[history.Seq]*query.EventTrace, len(list)) // also by the seqs of resends
	for i := range list {
		traces[i].EventRecord = list[i].EventRecord
		of[list[i].Seq] = &traces[i]
	}
	if err := s.addResends(s.ctx, of); err != nil {
		return err
	}
	if err := s.addOutcomes(s.ctx, of); err != nil {
		return err
	}
	for i := range list {
		list[i].Statuses = traces[i].Current()
	}
	return nil
}

// waiting reads the events with a delivery that may wait: those in the checkpoints, and
// those that came later.
func (s *eventSearch) waiting() error {
	waits, err := s.waits(s.ctx, s.Webhook)
	if err != nil {
		return err
	}
	known, err := s.knownToWait(waits)
	if err != nil {
		return err
	}
	var webhooks []string
	var next []int64
	waits.Each(s.Webhook, func(webhook string, from history.Seq, _ []history.Seq) {
		webhooks, next = append(webhooks, webhook), append(next, int64(from))
	})
	before := int64(1<<63 - 1)
	if s.Before > 0 {
		before = int64(s.Before)
	}
	for {
		// The newest unread deliveries of each webhook.
		var seqs []int64
		var seq int64
		var webhook string
		rows, lowest := 0, int64(0)
		err := s.each(s.ctx, `SELECT t.webhook, t.seq FROM unnest($1::text[], $2::bigint[]) AS w(webhook, next),
			LATERAL (SELECT t.webhook, t.seq FROM {schema}.targets t WHERE t.webhook = w.webhook AND t.seq >= w.next AND t.seq < $3 AND t.ends = 0
				ORDER BY t.seq DESC LIMIT $4) t ORDER BY t.seq DESC LIMIT $4`, []database.Argument{database.Texts(webhooks), database.Int8s(next), database.Int8(before), database.Int8(rowsMost)}, []any{&webhook, &seq}, func() bool {
			rows++
			lowest = seq
			if waits.Wait(webhook, history.Seq(seq)) {
				seqs = append(seqs, seq)
			}
			return true
		})
		if err != nil {
			return err
		}
		if rows < rowsMost {
			lowest = 0
		}
		for len(known) > 0 && int64(known[len(known)-1]) >= lowest {
			if seq := int64(known[len(known)-1]); seq < before {
				seqs = append(seqs, seq)
			}
			known = known[:len(known)-1]
		}
		if more, err := s.load(seqs); !more || err != nil || lowest == 0 {
			return err
		}
		before = lowest
	}
}

// knownToWait returns the seqs of the events of which a delivery is scheduled or a
// resend may wait, in order.
func (s *eventSearch) knownToWait(waits *pending.Waiting) (known []history.Seq, err error) {
	waits.Each(s.Webhook, func(webhook string, _ history.Seq, scheduled []history.Seq) {
		for _, seq := range scheduled {
			if waits.Wait(webhook, seq) {
				known = append(known, seq)
			}
		}
	})
	var x eventRow
	err = s.each(s.ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE of > 0 AND seq >= $1`,
		[]database.Argument{database.Int8(waits.Lowest(s.Webhook))}, x.scanned(), func() bool {
			if a := x.record(); waits.MayWaitAny(a.To, a.Seq, s.Webhook) {
				known = append(known, a.Of)
			}
			return true
		})
	slices.Sort(known)
	return slices.Compact(known), err
}

// load adds the events of seqs, the newest first.
func (s *eventSearch) load(seqs []int64) (more bool, err error) {
	for list := range slices.Chunk(sortedDown(seqs), rowsLeast) {
		var x eventRow
		var found []history.EventRecord
		err := s.each(s.ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE seq = ANY ($1) AND kind = 'event' ORDER BY seq DESC`,
			[]database.Argument{database.Int8s(list)}, x.scanned(), func() bool {
				found = append(found, x.record())
				return true
			})
		if err != nil {
			return false, err
		}
		if more, err := s.add(found); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

func sortedDown(seqs []int64) []int64 {
	slices.Sort(seqs)
	slices.Reverse(seqs)
	return slices.Compact(seqs)
}
