package query

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
)

// withRequest returns an attempt with its request, if it made one. config is nil if
// nothing is known of its generation.
func withRequest(o *history.DeliveryRecord, e *event.Event, config *history.DeliveryRecord) []byte {
	line := o.JSON()
	if o.Took == nil && o.Request == nil {
		return line
	}
	request := append([]byte(`,"request":`), requestOf(o, e, config)...)
	whole := make([]byte, 0, len(line)+len(request))
	for name, raw := range history.Members(history.Inside(line)) {
		if string(name) == "request" {
			continue
		}
		if string(name) == "response" {
			whole = append(whole, request...)
			request = nil
		}
		whole = append(whole, `,"`+string(name)+`":`...)
		whole = append(whole, raw...)
	}
	whole = append(append(whole, request...), '}')
	whole[0] = '{'
	return whole
}

// requestOf returns the request without its body: first the headers that all requests of the
// webhook share, then those made of the event, then those of this attempt alone.
func requestOf(o *history.DeliveryRecord, e *event.Event, config *history.DeliveryRecord) []byte {
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
	for name, raw := range history.Members(history.Inside(o.Request)) {
		if string(name) == "headers" {
			own = raw
		}
	}
	if bytes.Contains(own, []byte(`"webhook-timestamp":`)) {
		add("webhook-id", id)
	}
	list.addAll(own)
	return append(list.append(append(dst, `"headers":`...)), '}')
}

// headerLines has the headers of a request, each name once: a later one replaces an
// earlier one.
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
	for name, raw := range history.Members(history.Inside(object)) {
		l.add(string(name), raw)
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
