package history

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/history/event"
)

// Standing is where the delivery of an event to a webhook stands.
type Standing struct {
	Webhook string
	Status  Status // of its last attempt; Untried before the first, "" of a test that has none
	Next    time.Time
	// Heir says that the event was not accepted for it: it took the delivery over
	// from the webhook of this name, which it was before.
	Heir string
	Test bool // the event was a test of it
}

// Why is how a webhook came to the delivery that the event was not accepted
// for, "" for the others.
func (s *Standing) Why() string {
	switch {
	case s.Test:
		return "a test of it alone, past its events, its condition and its state"
	case s.Heir != "":
		return "took over from " + s.Heir
	}
	return ""
}

// Untried is the status of a delivery that no attempt was made at.
const Untried Status = "waiting"

// Standings say where the deliveries of an event stand: those to the webhooks
// that it was accepted for or is a test of, and behind them those to their heirs. An attempt of
// an heir is one at the delivery to the former name.
func (a *Accepted) Standings(outcomes []Outcome) []Standing {
	var list []Standing
	find := func(name string) *Standing {
		for i := range list {
			if list[i].Webhook == name {
				return &list[i]
			}
		}
		return nil
	}
	for _, name := range a.To {
		list = append(list, Standing{Webhook: name, Status: Untried})
	}
	if a.Test != "" {
		list = append(list, Standing{Webhook: a.Test, Test: true})
	}
	for i := range outcomes {
		o := &outcomes[i]
		if o.Kind != kindAttempt {
			continue
		}
		if o.Was != "" && find(o.Was) != nil && find(o.Webhook) == nil {
			list = append(list, Standing{Webhook: o.Webhook, Heir: o.Was})
		}
		for i := range list {
			s := &list[i]
			if s.Webhook == o.queue() || s.Heir != "" && s.Webhook == o.Webhook {
				s.Status, s.Next = o.Status, o.Next
			}
		}
	}
	return list
}

// Attempts are the attempts of a story as JSON, each with its whole request:
// the history holds what is the same for all of a generation once, with an
// attempt what is its own, and the rest follows from what the attempt is.
func Attempts(e *event.Event, outcomes []Outcome) [][]byte {
	type under struct {
		webhook    string
		generation uint64
	}
	configs := map[under]*Outcome{}
	var list [][]byte
	for i := range outcomes {
		o := &outcomes[i]
		key := under{o.Webhook, o.Generation}
		switch o.Kind {
		case kindConfig:
			configs[key] = o
		case kindAttempt:
			list = append(list, o.whole(e, configs[key]))
		}
	}
	return list
}

// whole is an attempt with its request, if it made one. Nothing is known of its
// generation if config is nil.
func (o *Outcome) whole(e *event.Event, config *Outcome) []byte {
	line := o.JSON()
	if o.Took == nil && o.Request == nil {
		return line
	}
	request := append([]byte(`,"request":`), o.request(e, config)...)
	whole := make([]byte, 0, len(line)+len(request))
	for name, raw := range members(inside(line)) {
		if name == "request" {
			continue
		}
		if name == "response" {
			whole = append(whole, request...)
			request = nil
		}
		whole = append(whole, `,"`+name+`":`...)
		whole = append(whole, raw...)
	}
	whole = append(append(whole, request...), '}')
	whole[0] = '{'
	return whole
}

// request is what was sent but for the body, in the order of delivery.md.
func (o *Outcome) request(e *event.Event, config *Outcome) []byte {
	dst := []byte{'{'}
	var list headerLines
	add := func(name, value string) { list.add(name, event.AppendString(nil, value)) }
	if config != nil {
		dst = append(append(append(dst, `"url":`...), config.URL...), ',')
		list.addAll(config.Headers)
	}
	id := o.Event
	if o.SentID != "" {
		id = o.SentID
	}
	add("Sidehook-Event", id)
	add("Sidehook-Attempt", strconv.Itoa(o.Attempt))
	if o.Resend {
		add("Sidehook-Resend", "true")
	}
	if parent, state := e.Trace(); parent != "" {
		add("traceparent", parent)
		if state != "" {
			add("tracestate", state)
		}
	}
	var own []byte
	for name, raw := range members(inside(o.Request)) {
		if name == "headers" {
			own = raw
		}
	}
	if bytes.Contains(own, []byte(`"webhook-timestamp":`)) {
		add("webhook-id", id)
	}
	list.addAll(own)
	return append(list.append(append(dst, `"headers":`...)), '}')
}

// headerLines are the headers of a request, each name once: what is set later
// replaced what was set before.
type headerLines []headerLine

type headerLine struct {
	name string
	raw  []byte // the value, as JSON
}

func (l *headerLines) add(name string, raw []byte) {
	*l = slices.DeleteFunc(*l, func(h headerLine) bool { return strings.EqualFold(h.name, name) })
	*l = append(*l, headerLine{name, raw})
}

// addAll adds the members of an object.
func (l *headerLines) addAll(object []byte) {
	for name, raw := range members(inside(object)) {
		l.add(name, raw)
	}
}

func (l headerLines) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, h := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(event.AppendString(dst, h.name), ':'), h.raw...)
	}
	return append(dst, '}')
}

// inside is what stands between the brackets of an object.
func inside(object []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimPrefix(object, []byte{'{'}), []byte{'}'})
}
