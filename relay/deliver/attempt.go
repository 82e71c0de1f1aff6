package deliver

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/format"
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
	content, err := c.content(&e, l)
	if err != nil {
		o.verdict, o.record.Error = unfit, err.Error()
		return o
	}
	header, own := c.header(&e, l, &content, sign.Message{ID: id, Type: headerType(e.Type), Timestamp: time.Now(), Body: content.Body})
	o.record.Request = own
	l.Event = nil // for the time of the request there is only what is sent

	x := &exchange{client: c, header: header}
	ctx, cancel := context.WithTimeoutCause(ctx, c.settings.Timeout, c.late)
	defer cancel()
	resp, err := c.send(x.follow(ctx, c.settings.URL.Scheme == "https"), content.Body)
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

// content is what is sent: of the event's format, with the body that transform
// makes if there is one.
func (c *client) content(e *event.Event, l *Lease) (format.Content, error) {
	if l.Unmet != "" {
		return format.Content{}, fmt.Errorf("when: %s", l.Unmet)
	}
	content, err := c.settings.Format.Content(e, l.Accepted)
	if err != nil {
		return content, err
	}
	if c.settings.Transform != nil {
		if content.Body, err = c.settings.Transform(e); err != nil {
			return format.Content{}, fmt.Errorf("transform: %w", err)
		}
		content.ContentType = c.settings.contentType()
	}
	if c.settings.Format == format.CloudEventsBinary && event.NamesCloudEvents(content.ContentType) {
		return format.Content{}, fmt.Errorf("its datacontenttype %.64q would make receivers of cloudevents-binary take the data for the event; set format: cloudevents for this webhook", content.ContentType)
	}
	return content, nil
}

// send makes the request, with its quick tries.
func (c *client) send(ctx context.Context, body []byte) (*http.Response, error) {
	r := retryablehttp.Request{Request: c.request.WithContext(ctx)}
	// Of a reader that holds nothing the transport does not know that, and sends
	// it in chunks instead of with a Content-Length of 0.
	if len(body) > 0 {
		if err := r.SetBody(body); err != nil {
			return nil, err
		}
	}
	// With a body to be had again, the transport would make tries of its own
	// that nobody sees.
	r.GetBody = nil
	return c.retry.Do(&r)
}

// brokenTry is the record of a quick try, given the one of its attempt.
func (c *client) brokenTry(of history.Attempt, b broken) history.Attempt {
	a := history.Attempt{
		Generation: of.Generation, Type: of.Type, Event: of.Event, SentID: of.SentID, Request: of.Request,
		Status: history.Retrying, Took: b.took, Timing: b.timing, Remote: b.remote,
	}
	if a.Error = "the connection broke before anything was sent on it, or the receiver did not process the request"; b.err != nil {
		a.Error = c.explain(b.err)
	}
	return a
}
