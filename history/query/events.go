package query

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/segment"
)

// EventQuery selects accepted events: those that match all that is given.
type EventQuery struct {
	Type    Glob
	Webhook string // that the event was accepted for; with Waiting, that it waits for
	Matched Choice // a webhook wanted it
	Waiting Choice // something of it has not ended
	Since   time.Time
	Until   time.Time   // not included
	Before  history.Seq // of a lower seq than this; 0: all
	After   history.Seq // of a higher seq than this: the others are not read
	Limit   int         // about how many are going to be visited, which saves work; 0: not known
}

// Choice is a condition that may be asked for, or its opposite.
type Choice int

const (
	Either Choice = iota
	Yes
	No
)

func (c Choice) allows(holds bool) bool { return c == Either || holds == (c == Yes) }

// EventCursor returns where to continue after a page that ends with the event of that seq.
// It stays valid when records are appended or removed.
func EventCursor(seq history.Seq) string { return "e" + strconv.FormatUint(uint64(seq), 36) }

// ParseEventCursor is the opposite of EventCursor. Its result is for EventQuery.Before.
func ParseEventCursor(text string) (history.Seq, error) {
	n, err := parseCursor(text, "e")
	return history.Seq(n), err
}

// AcceptedEvent is an event, and what has become of it at each webhook that gets it:
// Pending, history.Retrying, or how the newest delivery ended.
type AcceptedEvent struct {
	history.EventRecord
	Parsed   event.Event
	Statuses map[string]history.Status
}

// eventChunk is the number of events whose outcomes are looked up together.
const eventChunk = 128

// Events visits the accepted events that match, the newest first, until visit is false.
// The events stay valid. Damaged lines are skipped.
func (r *Reader) Events(ctx context.Context, q EventQuery, visit func(*AcceptedEvent) bool) error {
	s := &eventSearch{Reader: r, EventQuery: q, ctx: ctx, visit: visit}
	if q.Waiting == Yes {
		s.pending, _, _ = r.loadPending()
		if err := s.findResent(); err != nil {
			return err
		}
	}
	for _, first := range slices.Backward(r.events.Segments()) {
		if q.Before > 0 && first >= uint64(q.Before) || s.pending != nil && !s.mayHold(first) {
			continue
		}
		if _, next := s.events.Bounds(first); next <= uint64(q.After)+1 {
			break
		}
		if err := s.read(first); err != nil && !lookup.IsGone(err) {
			return err
		}
		if s.enough {
			return s.failed
		}
	}
	s.flush()
	return s.failed
}

// eventSearch is the search for events.
type eventSearch struct {
	*Reader
	EventQuery
	ctx     context.Context
	visit   func(*AcceptedEvent) bool
	pending *pending.Waiting // nil unless only events that wait are asked for
	resent  []history.Seq    // events of resends that may wait, the highest last
	found   []AcceptedEvent
	enough  bool
	failed  error // why the rest is not read
}

// read visits the events of a segment.
func (s *eventSearch) read(first uint64) error {
	w := walk{Stream: s.events, first: first, since: s.Since, until: s.Until, tell: s.tell, which: s.selection(first)}
	lines, err := w.lines()
	if err != nil {
		return err
	}
	if lines == nil || lines.Within(s.Since, s.Until) {
		if err := w.from(uint64(s.Before)); err != nil {
			return err
		}
		if err := w.run(lines); err != nil || s.enough {
			return err
		}
	}
	s.addResent(history.Seq(first))
	return nil
}

// selection returns which lines of a segment may match.
func (s *eventSearch) selection(first uint64) index.Selection {
	which := index.Selection{Webhook: s.Webhook}
	if s.Type == "" && s.Webhook == "" && s.Matched == Either && s.pending == nil {
		return which
	}
	which.Groups = func(g index.Group) bool {
		switch {
		case g.Status == history.KindResend,
			g.Type != "" && !s.Type.Match(g.Type),
			(s.Matched == Yes || s.pending != nil) && g.Status != lookup.GroupWanted,
			s.Matched == No && g.Status != lookup.GroupUnmatched:
			return false
		}
		return true
	}
	if s.pending != nil {
		_, next := s.events.Bounds(first)
		which.Webhooks = func(name string) bool { return s.pending.MayWaitIn(name, history.Seq(first), history.Seq(next)) }
		which.Seqs = func(name string, seq uint64) bool { return s.pending.MayWait(name, history.Seq(seq)) }
	}
	return which
}

// tell adds the event of a line, if it matches.
func (s *eventSearch) tell(line *jsonl.Line) (more bool) {
	if s.fail(s.ctx.Err()) {
		return false
	}
	a := history.ParseEventRecord(line)
	if a.Seq <= s.After {
		return false
	}
	if s.pending != nil && !s.pending.MayWaitAny(a.To, a.Seq, s.Webhook) {
		return true
	}
	s.addResent(a.Seq + 1)
	return !s.enough && s.add(&a)
}

// add adds an event, if it matches.
func (s *eventSearch) add(a *history.EventRecord) (more bool) {
	e, ok := s.Match(a)
	if !ok {
		return true
	}
	s.found = append(s.found, AcceptedEvent{EventRecord: *a, Parsed: e})
	return len(s.found) < s.Chunk() || s.flush()
}

// Match reports whether a record is an event that may match. It looks at all but the
// outcomes of the event, for which there is Allows.
func (q *EventQuery) Match(a *history.EventRecord) (e event.Event, ok bool) {
	if a.Kind != history.KindEvent || q.Before > 0 && a.Seq >= q.Before ||
		!q.Since.IsZero() && a.At.Before(q.Since) || !q.Until.IsZero() && !a.At.Before(q.Until) ||
		!q.Matched.allows(len(a.To) > 0) || q.Matched == No && a.Test != "" ||
		q.Webhook != "" && q.Waiting != Yes && a.Test != q.Webhook && !slices.Contains(a.To, q.Webhook) {
		return e, false
	}
	e, err := event.Parse(a.Event, a.Filled)
	return e, err == nil && q.Type.Match(e.Type)
}

// Chunk returns the number of events whose outcomes are looked up together. One more than
// Limit shows that there are more.
func (q *EventQuery) Chunk() int {
	if q.Waiting == Either && q.Limit > 0 && q.Limit < eventChunk {
		return q.Limit + 1
	}
	return eventChunk
}

// Allows reports whether the outcomes of an event match.
func (q *EventQuery) Allows(a *AcceptedEvent) bool {
	webhook := ""
	if q.Waiting == Yes {
		webhook = q.Webhook
	}
	return q.Waiting.allows(a.waits(webhook))
}

// flush looks up the outcomes of the events found, and visits them.
func (s *eventSearch) flush() (more bool) {
	found := s.found
	s.found = nil
	if s.fail(errors.Join(s.statuses(found), s.ctx.Err())) {
		return false
	}
	for i := range found {
		if a := &found[i]; s.Allows(a) && !s.visit(a) {
			s.enough = true
			break
		}
	}
	return !s.enough
}

// fail ends the search if there is an error.
func (s *eventSearch) fail(err error) bool {
	if err != nil {
		s.failed, s.enough = err, true
	}
	return err != nil
}

// waits reports whether a delivery to the webhook, or to any if it is "", has not ended.
func (a *AcceptedEvent) waits(webhook string) bool {
	for name, status := range a.Statuses {
		if (webhook == "" || name == webhook) && (status == Pending || status == history.Retrying) {
			return true
		}
	}
	return false
}

// findResent finds the events of resends that may wait.
func (s *eventSearch) findResent() error {
	lowest := s.events.SegmentOf(uint64(s.pending.Lowest(s.Webhook)))
	for _, first := range s.events.Segments() {
		if first < lowest {
			continue
		}
		err := s.events.Resends(first, time.Time{}, func(line *jsonl.Line) bool {
			a := history.ParseEventRecord(line)
			if s.pending.MayWaitAny(a.To, a.Seq, s.Webhook) {
				s.resent = append(s.resent, a.Of)
			}
			return s.ctx.Err() == nil
		})
		if err := errors.Join(err, s.ctx.Err()); err != nil && !lookup.IsGone(err) {
			return err
		}
	}
	slices.Sort(s.resent)
	s.resent = slices.Compact(s.resent)
	return nil
}

// addResent adds the events of resends from a seq on.
func (s *eventSearch) addResent(from history.Seq) {
	for n := len(s.resent); n > 0 && s.resent[n-1] >= from && !s.enough; n = len(s.resent) {
		seq := s.resent[n-1]
		s.resent = s.resent[:n-1]
		if s.Before > 0 && seq >= s.Before || seq <= s.After {
			continue
		}
		a, err := s.Event(EventRef{Seq: seq})
		switch {
		case errors.Is(err, history.ErrNotFound), segment.IsDamage(err):
		case s.fail(err):
		case !s.pending.MayWaitAny(a.To, a.Seq, s.Webhook): // otherwise it is met by itself
			s.add(&a)
		}
	}
}

// mayHold reports whether a segment may hold an event that waits.
func (s *eventSearch) mayHold(first uint64) bool {
	_, next := s.events.Bounds(first)
	i, _ := slices.BinarySearch(s.resent, history.Seq(first))
	return uint64(s.pending.Lowest(s.Webhook)) < next || i < len(s.resent) && uint64(s.resent[i]) < next
}
