package send

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/format"
	"sidehook/relay/sign"
)

// headerRoom is the memory for the headers of most attempts, in one piece.
type headerRoom struct {
	signed [4]sign.Header
	values [8]string
	own    [4]history.Header
}

// header returns the headers that are sent, and those of them that are recorded
// for this attempt. Of the event they contain nothing but printable ASCII.
func (c *Client) header(e *event.Event, d *Delivery, content *format.Content, m sign.Message) (http.Header, []history.Header) {
	room := new(headerRoom)
	signed := room.signed[:0]
	for _, signer := range c.settings.Signers {
		signed = signer.Append(signed, m)
	}
	// A map of up to eight entries is one small object, so the size is exact.
	n := len(signed) + len(content.Headers) + 2
	if d.Resend {
		n++
	}
	typed := content.ContentType != c.settings.contentType()
	if typed {
		n++
	}
	parent, state := e.Trace()
	if parent != "" {
		n += 2
	}
	h := make(http.Header, len(c.headers)+n)
	for name, values := range c.headers {
		h[name] = values
	}
	values := slices.Grow(room.values[:0], n)
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	own := room.own[:0]
	set("Sidehook-Event", m.ID)
	set("Sidehook-Attempt", strconv.Itoa(d.Attempt))
	if d.Resend {
		set("Sidehook-Resend", "true")
	}
	if parent != "" {
		set("Traceparent", parent)
		if state != "" {
			set("Tracestate", state)
		}
	}
	if typed {
		set("Content-Type", content.ContentType)
		own = append(own, history.Header{Name: "Content-Type", Value: content.ContentType})
	}
	for _, a := range content.Headers {
		set(textproto.CanonicalMIMEHeaderKey(a.Name), a.Value)
		if confidential(a.Name) {
			a.Value = redacted
		}
		own = append(own, history.Header(a))
	}
	for _, s := range signed {
		set(c.canonical[s.Name], s.Value)
		if !s.Repeats {
			own = append(own, history.Header{Name: s.Name, Value: s.Value})
		}
	}
	return h, own
}

// maxType limits an event's type where it is a header.
const maxType = 1024

// headerType returns an event's type as a header value: unchanged if possible,
// else percent-encoded, and cut at maxType. The body is not affected.
func headerType(typ string) string {
	if event.Sendable(typ) && len(typ) <= maxType {
		return typ
	}
	encoded := string(event.AppendHeaderValue(nil, typ[:min(len(typ), maxType)]))
	return encoded[:min(len(encoded), maxType)]
}
