package deliver

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/sign"
)

// outcome is what became of one attempt.
type outcome struct {
	verdict verdict
	record  history.Attempt
	broken  []history.Attempt // the quick tries before it
	panic   string            // with the stack, for the log

	wait  time.Duration // what an answer that throttles asks for; 0: it does not say
	until time.Time     // what that came to, once the lease has ended
}

// attempt makes one attempt. A panic in here is a failed attempt: it must take
// neither the process nor other deliveries with it.
func (c *client) attempt(ctx context.Context, l *Lease, w *Webhook) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			text := maskString(fmt.Sprint(p), c.secrets)
			o.panic = text + "\n" + string(debug.Stack())
			if o.verdict != delivered { // once it is, that stands
				o.verdict, o.record.Error = failed, "sidehook failed in this attempt: panic: "+text
			}
		}
	}()
	o.record.Generation = w.Generation
	e, err := event.Parse(l.Event, l.Filled)
	if err != nil {
		o.verdict, o.record.Error = unfit, err.Error()
		return o
	}
	id := sign.DeliveryID(e.Source, e.ID)
	o.record.Event, o.record.Type = e.ID, e.Type
	if id != e.ID {
		o.record.SentID = id
	}
	body, err := c.body(&e, l)
	if err != nil {
		o.verdict, o.record.Error = unfit, err.Error()
		return o
	}
	header, own := c.header(&e, l, sign.Message{ID: id, Timestamp: time.Now(), Body: body})
	o.record.Request = own

	x := &exchange{client: c, header: header}
	ctx, cancel := context.WithTimeoutCause(ctx, c.settings.Timeout, c.late)
	defer cancel()
	resp, err := c.send(x.follow(ctx, c.settings.URL.Scheme == "https"), body)
	if err == nil {
		var asked bool
		o.wait, asked = retryAfter(resp.Header, time.Now())
		o.verdict, o.record.Code, o.record.Error = c.judge(resp.StatusCode, asked)
		o.record.Response = c.read(resp, x.location, w.KeepBody)
	} else {
		o.verdict, o.record.Error = c.noAnswer(ctx, x, err)
	}
	for _, b := range x.finish(&o.record) {
		o.broken = append(o.broken, c.brokenTry(o.record, b))
	}
	return o
}

// body is what is sent: what transform makes of the event, or else its format.
func (c *client) body(e *event.Event, l *Lease) ([]byte, error) {
	if l.Unmet != "" {
		return nil, fmt.Errorf("when: %s", l.Unmet)
	}
	if c.settings.Transform == nil {
		return c.settings.Format.body(e, l.Accepted), nil
	}
	body, err := c.settings.Transform(e)
	if err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	return body, nil
}

// send makes the request, with its quick tries.
func (c *client) send(ctx context.Context, body []byte) (*http.Response, error) {
	r := retryablehttp.Request{Request: c.request.WithContext(ctx)}
	if err := r.SetBody(body); err != nil {
		return nil, err
	}
	// With a body to be had again, the transport would make tries of its own
	// that nobody sees.
	r.GetBody = nil
	return c.retry.Do(&r)
}

// header is what is sent above the body, and what of that the history holds as
// this attempt's own.
func (c *client) header(e *event.Event, l *Lease, m sign.Message) (http.Header, []history.Header) {
	var room [4]sign.Header
	signed := room[:0]
	for _, signer := range c.settings.Signers {
		signed = signer.Append(signed, m)
	}
	// Up to eight lines the map is one small object, so its size is exact.
	n := len(signed) + 2
	if l.Resend {
		n++
	}
	parent, traced := e.Text("traceparent")
	if traced = traced && sendable(parent); traced {
		n += 2
	}
	h := make(http.Header, len(c.headers)+n)
	for name, values := range c.headers {
		h[name] = values
	}
	values := make([]string, 0, n)
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	set("Sidehook-Event", m.ID)
	set("Sidehook-Attempt", strconv.Itoa(l.Attempt))
	if l.Resend {
		set("Sidehook-Resend", "true")
	}
	if traced {
		set("Traceparent", parent)
		if state, ok := e.Text("tracestate"); ok && sendable(state) {
			set("Tracestate", state)
		}
	}
	own := make([]history.Header, 0, len(signed))
	for _, s := range signed {
		set(c.canonical[s.Name], s.Value)
		if !s.Repeats {
			own = append(own, history.Header{Name: s.Name, Value: s.Value})
		}
	}
	return h, own
}

// sendable says whether an attribute can be a header's value as it is.
func sendable(value string) bool {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return false
		}
	}
	return value != ""
}

// brokenTry is the record of a quick try, given the one of its attempt.
func (c *client) brokenTry(of history.Attempt, b broken) history.Attempt {
	a := history.Attempt{
		Generation: of.Generation, Type: of.Type, Event: of.Event, SentID: of.SentID, Request: of.Request,
		Status: history.Retrying, Took: b.took, Timing: b.timing, Remote: b.remote,
	}
	if a.Error = "the connection broke before anything was sent on it"; b.err != nil {
		a.Error = c.explain(b.err)
	}
	return a
}
