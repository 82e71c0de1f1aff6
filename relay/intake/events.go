package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
)

// takeEvents is POST /v1/events. It runs for each event, so that what it needs
// comes out of a pool and its answer is appended by hand.
func (s *Server) takeEvents(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	f, p := formOf(r.Header)
	if p != nil {
		return p
	}
	x := s.pool.Get().(*exchange)
	defer s.release(x)
	if p := s.read(ctx, r, x, f); p != nil {
		return p
	}
	set := s.settings.Load()
	if p := x.decode(set, f, r.Header); p != nil {
		return p
	}
	if cap(x.body) > idleBytes {
		x.body = nil // the events are copies
	}
	held := s.hold(r.Header, x)
	if held != nil {
		defer held.watch.Close()
	}
	if p := s.keep(ctx, x, f); p != nil {
		p.events = len(x.answers)
		return p
	}
	status := http.StatusAccepted
	duplicates := x.duplicates()
	fresh := len(x.answers) - duplicates
	if fresh == 0 && duplicates > 0 {
		status = http.StatusOK
	}
	if fresh > 0 {
		s.opts.Answered(Accepted, fresh)
	}
	if duplicates > 0 {
		s.opts.Answered(Duplicate, duplicates)
	}
	if held != nil {
		s.forget(x)
		held.release(s, w, r, x)
	}
	x.appendAnswer(f)
	answer(w, status, typeJSON, x.out)
	return nil
}

// decode makes entries out of the body.
func (x *exchange) decode(set *settings, f form, h http.Header) *problem {
	var (
		events = x.one[:]
		err    error
	)
	switch f {
	case plain:
		x.one[0], err = set.decoder.Plain(x.body)
	case structured:
		x.one[0], err = set.decoder.Structured(x.body)
	case batch:
		events, err = set.decoder.Batch(x.body)
	case lines:
		events, err = set.decoder.Lines(x.body)
	case binary:
		x.one[0], err = set.decoder.Binary(h, x.body)
	}
	if err != nil {
		return badEvent(err)
	}
	trace(events, h)
	for i := range events {
		e := &events[i]
		if detail := set.refuses(e.Type); detail != "" {
			p := refuse(http.StatusUnprocessableEntity, detail)
			p.events = len(events)
			if f.many() {
				p.index = i
				p.detail = fmt.Sprintf("event %d: %s", i, detail)
			}
			return p
		}
		var to []string
		var failures []history.Failure
		if set.Match != nil {
			to, failures = set.Match(e)
		}
		x.answers = append(x.answers, answered{Receipt: api.Receipt{ID: e.ID, Webhooks: to}})
		if len(to) == 0 && set.Unmatched == Drop {
			continue
		}
		x.entries = append(x.entries, history.Entry{Event: *e, To: to, Generation: set.Generation, Failures: failures})
		x.places = append(x.places, i)
	}
	return nil
}

// trace puts the trace of the request into its events. Of several there would
// be none to choose.
func trace(events []event.Event, h http.Header) {
	parent := h["Traceparent"]
	if len(parent) != 1 {
		return
	}
	state := strings.Join(h["Tracestate"], ",")
	for i := range events {
		events[i] = events[i].WithTrace(parent[0], state)
	}
}

// refuses says why events of a type are not taken, "" if they are.
func (set *settings) refuses(typ string) string {
	if strings.HasPrefix(typ, event.OwnPrefix) {
		return fmt.Sprintf("type %q: types that begin with %q are sidehook's own", typ, event.OwnPrefix)
	}
	if set.Types != nil {
		if _, ok := set.Types[typ]; !ok {
			return fmt.Sprintf("type %q is not in the catalogue; add it to event_types, or correct it", typ)
		}
	}
	return ""
}

// keep hands the entries to the journal and notes what it says of them.
func (s *Server) keep(ctx context.Context, x *exchange, f form) *problem {
	if len(x.entries) == 0 {
		return nil
	}
	receipts, err := s.journal.Append(ctx, x.entries)
	if err != nil {
		p := x.refusal(err, f)
		// The journal may still hold the entries.
		x.entries = nil
		return p
	}
	for i, receipt := range receipts {
		a := &x.answers[x.places[i]]
		if receipt.Duplicate {
			a.Duplicate, a.Webhooks = true, receipt.To
		} else {
			a.seq = receipt.Seq
		}
	}
	return nil
}

// refusal adds to a conflict which event it is about.
func (x *exchange) refusal(err error, f form) *problem {
	p := refusal(err)
	var conflict *history.ConflictError
	if !errors.As(err, &conflict) || conflict.Index < 0 || conflict.Index >= len(x.entries) {
		return p
	}
	e := &x.entries[conflict.Index].Event
	p.detail = fmt.Sprintf("id %q of source %q was accepted before with another content; give this event an id of its own", e.ID, e.Source)
	for i := range x.entries[:conflict.Index] {
		if first := &x.entries[i].Event; first.ID == e.ID && first.Source == e.Source {
			p.detail = fmt.Sprintf("id %q of source %q is also that of event %d of this request, which has another content; give this event an id of its own", e.ID, e.Source, x.places[i])
			break
		}
	}
	if f.many() {
		p.index = x.places[conflict.Index]
		p.detail = fmt.Sprintf("event %d: %s", p.index, p.detail)
	}
	return p
}

// duplicates counts the events that were accepted before.
func (x *exchange) duplicates() (n int) {
	for i := range x.answers {
		if x.answers[i].Duplicate {
			n++
		}
	}
	return n
}

// appendAnswer writes the answer to out.
func (x *exchange) appendAnswer(f form) {
	x.out = x.out[:0]
	if !f.many() {
		x.out = append(x.answers[0].Append(x.out), '\n')
		return
	}
	x.out = append(x.out, `{"events":[`...)
	for i := range x.answers {
		if i > 0 {
			x.out = append(x.out, ',')
		}
		x.out = x.answers[i].Append(x.out)
	}
	x.out = append(x.out, "]}\n"...)
}
