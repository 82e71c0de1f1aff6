package intake

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// decode makes entries of the body.
func (x *exchange) decode(set *settings, f form, h http.Header) *httpd.Problem {
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
	addTrace(events, h)
	x.answers, x.entries = slices.Grow(x.answers, len(events)), slices.Grow(x.entries, len(events))
	x.answerOf = slices.Grow(x.answerOf, len(events))
	for i := range events {
		if detail := x.admit(set, &events[i]); detail != "" {
			p := httpd.Refuse(http.StatusUnprocessableEntity, detail)
			p.Events = len(events)
			if f.many() {
				index := i
				p.Index, p.Detail = &index, fmt.Sprintf("event %d: %s", i, detail)
			}
			return p
		}
	}
	return nil
}

// admit adds an event with its answer, and its entry if it is to be kept. It returns why
// the event is refused, "" if it is not.
func (x *exchange) admit(set *settings, e *event.Event) (refusal string) {
	if refusal := set.refusal(e); refusal != "" {
		return refusal
	}
	var to []string
	var failures []history.Failure
	if set.Match != nil {
		to, failures = set.Match(e)
	}
	x.answers = append(x.answers, answered{Receipt: api.Receipt{ID: e.ID, Webhooks: to}, typ: e.Type})
	if len(to) == 0 && set.DropUnmatched {
		return ""
	}
	x.entries = append(x.entries, history.Entry{Event: *e, To: to, Generation: set.Generation, Failures: failures})
	x.answerOf = append(x.answerOf, len(x.answers)-1)
	return ""
}

// addTrace adds the trace of the request to its events, unless it has several.
func addTrace(events []event.Event, h http.Header) {
	parent := h["Traceparent"]
	if len(parent) != 1 {
		return
	}
	state := strings.Join(h["Tracestate"], ",")
	for i := range events {
		events[i] = events[i].WithTrace(parent[0], state)
	}
}

// refusal returns why an event is refused, "" if it is not.
func (set *settings) refusal(e *event.Event) string {
	switch {
	case strings.HasPrefix(e.Type, event.OwnPrefix):
		return fmt.Sprintf("type %q: types that begin with %q are reserved for sidehook", e.Type, event.OwnPrefix)
	case set.Refusal == nil:
		return ""
	}
	return set.Refusal(e)
}

// badEvent is the problem of an event that cannot be decoded.
func badEvent(err error) *httpd.Problem {
	p := httpd.Refuse(http.StatusBadRequest, err.Error())
	var e *event.Error
	if errors.As(err, &e) {
		if e.Index >= 0 {
			p.Index = &e.Index
		}
		if e.TooLarge {
			p.Status = http.StatusRequestEntityTooLarge
		}
	}
	return p
}
